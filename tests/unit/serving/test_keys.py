"""Keys of endpoints at rest."""

import uuid

import pytest
from hypothesis import given
from hypothesis import strategies as st

from altiplano.serving.domain.keys import UnreadableKeyError, open_key, seal_key, tenant_salt


@given(st.text(alphabet=st.characters(codec="utf-8"), max_size=80))
def test_a_sealed_key_opens_to_itself_and_does_not_show(key):
    sealed = seal_key(key)
    assert open_key(sealed) == open_key(memoryview(sealed)) == key
    assert len(key) < 4 or key.encode() not in sealed


def test_a_key_sealed_under_another_secret_is_refused_with_a_sentence(settings):
    sealed = seal_key("sk-secret")
    settings.SECRET_KEY = "another" * 10
    with pytest.raises(UnreadableKeyError) as caught:
        open_key(sealed)
    assert "sk-secret" not in caught.value.message
    with pytest.raises(UnreadableKeyError):
        open_key(b"junk")


def test_the_salt_is_the_organizations_own_and_needs_the_secret(settings):
    alice, charlie = uuid.uuid4(), uuid.uuid4()
    salt = tenant_salt(alice)
    assert salt == tenant_salt(alice) != tenant_salt(charlie)
    settings.SECRET_KEY = "another" * 10
    assert tenant_salt(alice) != salt

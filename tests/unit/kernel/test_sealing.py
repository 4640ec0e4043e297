"""What is sealed for one purpose opens for that purpose alone."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from altiplano.kernel.sealing import UnsealableError, derived_key, seal, unseal

TEXTS = st.text(st.characters(exclude_categories=["Cs"]), max_size=200)


@given(TEXTS)
def test_sealed_text_comes_back_and_is_not_readable(text):
    sealed = seal(text, purpose=b"one")
    assert unseal(memoryview(sealed), purpose=b"one") == text
    assert len(text) < 4 or text.encode() not in sealed


def test_text_sealed_for_another_purpose_or_under_another_key_stays_closed(settings):
    sealed = seal("sk-secret", purpose=b"one")
    with pytest.raises(UnsealableError):
        unseal(sealed, purpose=b"two")
    settings.SECRET_KEY = "another"
    with pytest.raises(UnsealableError):
        unseal(sealed, purpose=b"one")


def test_key_belongs_to_the_platform_and_the_purpose(settings):
    first = derived_key(b"one")
    assert len(first) == 32
    assert first != derived_key(b"two")
    settings.SECRET_KEY = "another"
    assert derived_key(b"one") != first

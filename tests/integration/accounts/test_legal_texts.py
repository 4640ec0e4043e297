"""Published texts never change, by no way; drafts become public only when they are whole."""

import hashlib

import pytest
from django.db import IntegrityError, connection, transaction

from altiplano.accounts.append_only import AppendOnlyError
from altiplano.accounts.consent_guards import GUARDS, lift_guards, set_guards
from altiplano.accounts.consent_models import (
    Consent,
    LegalDocument,
    LegalText,
    LegalVersion,
)
from altiplano.accounts.domain.legal import (
    begin_version,
    discard_draft,
    ensure_templates,
    publish_version,
)
from altiplano.accounts.models import AuditEvent, User
from altiplano.kernel.errors import ConflictError
from tests.factories.legal import WORDS, accept, publish_text

pytestmark = pytest.mark.django_db


@pytest.fixture
def staff():
    return User.objects.create_user("operator@example.org", is_staff=True)


def refused(act) -> bool:
    """Whether the database itself refuses, leaving the transaction as it was."""
    try:
        with transaction.atomic():
            act()
    except IntegrityError:
        return True
    return False


def test_hash_is_that_of_the_offered_file(client):
    publish_text()
    for text in LegalText.objects.all():
        address = f"/legal/acceptable-use/1/{text.language}.txt"
        assert hashlib.sha256(client.get(address).content).hexdigest() == text.sha256


def test_published_text_is_refused_every_change():
    version = publish_text()
    text = version.texts.get(language="en")
    text.text += "."
    for act in (text.save, text.delete, version.save, version.delete):
        with pytest.raises(AppendOnlyError):
            act()
    texts = LegalText.objects.filter(pk=text.pk)
    versions = LegalVersion.objects.filter(pk=version.pk)
    assert refused(lambda: texts.update(text="Other words."))
    assert refused(lambda: texts._raw_delete("default"))
    assert refused(lambda: versions.update(requires_reconsent=False))
    assert refused(lambda: versions.update(published_at=None))
    assert refused(lambda: versions._raw_delete("default"))
    added = LegalText(version=version, language="es", title="T", text="x", sha256="0" * 64)
    assert refused(lambda: LegalText.objects.bulk_create([added]))
    draft = begin_version(document=version.document, actor=None)
    moved = LegalText.objects.filter(version=draft, language="fr")
    moved.update(language="de")
    assert refused(lambda: moved.model.objects.filter(version=draft).update(version=version))
    assert texts.get().text == WORDS["en"][1]


def test_consent_is_refused_every_change_but_being_withdrawn_and_forgotten(alice, bob):
    consent = accept(alice.principal, publish_text())
    consents = Consent.unscoped.filter(pk=consent.pk)
    for wrong in (
        {"sha256": "0" * 64},
        {"capacity": "king"},
        {"capacity": ""},
        {"person": bob.user},
        {"given_at": alice.user.date_joined},
    ):
        assert refused(lambda wrong=wrong: consents.update(**wrong)), wrong
    assert refused(lambda: consents._raw_delete("default"))
    with pytest.raises(AppendOnlyError):
        consent.save()
    with pytest.raises(AppendOnlyError):
        consent.delete()
    moment = consent.given_at
    consents.update(withdrawn_at=moment)
    assert refused(lambda: consents.update(withdrawn_at=None))
    consents.update(person=None, capacity="")
    assert refused(lambda: consents.update(person=alice.user))


def test_guards_come_back_after_a_table_was_rebuilt():
    lift_guards(connection)
    publish_text()
    assert not refused(lambda: LegalText.objects.update(title="Changed"))
    set_guards(connection)
    set_guards(connection)
    assert refused(lambda: LegalText.objects.update(title="Changed again"))
    assert len({guard.name for guard in GUARDS}) == len(GUARDS)


def test_one_changed_character_is_a_new_version_with_another_hash(staff):
    first = publish_text()
    draft = begin_version(document=first.document, actor=staff)
    for text in draft.texts.all():
        text.change_summary = "Something."
        text.save()
    with pytest.raises(ConflictError) as refusal:
        publish_version(version=draft, actor=staff)
    assert refusal.value.code == "nothing_changed"
    text = draft.texts.get(language="en")
    text.text += "!"
    text.save()
    second = publish_version(version=draft, actor=staff)
    assert (second.number, second.supersedes) == (2, first)
    assert second.texts.get(language="en").sha256 != first.texts.get(language="en").sha256


def test_draft_is_whole_before_it_is_public(staff):
    first = publish_text()
    draft = begin_version(document=first.document, actor=staff)
    text = draft.texts.get(language="en")

    def code_of_refusal() -> str:
        text.save()
        with pytest.raises(ConflictError) as refusal:
            publish_version(version=draft, actor=staff)
        return refusal.value.code

    text.text = ""
    assert code_of_refusal() == "text_is_empty"
    text.text = "**[TEMPLATE: ask counsel]**"
    assert code_of_refusal() == "text_is_template"
    text.text = "Other words."
    assert code_of_refusal() == "summary_is_missing"
    with pytest.raises(ConflictError):
        begin_version(document=first.document, actor=staff)
    discard_draft(version=draft, actor=staff)
    assert list(LegalVersion.objects.all()) == [first]
    with pytest.raises(ConflictError):
        discard_draft(version=first, actor=staff)
    with pytest.raises(ConflictError):
        publish_version(version=first, actor=staff)
    actions = AuditEvent.objects.filter(object_type="legal_version").values_list(
        "action", flat=True
    )
    assert {"legal.version_begun", "legal.version_published", "legal.draft_discarded"} == set(
        actions
    )


def test_shipped_templates_are_drafts_in_both_languages_that_cannot_be_published_as_they_are(staff):
    assert ensure_templates() == 4
    assert ensure_templates() == 0
    assert LegalDocument.objects.count() == 4
    for version in LegalVersion.objects.all():
        assert version.published_at is None
        assert {text.language for text in version.texts.all()} == {"en", "fr"}
        assert all(len(text.text) > 1000 for text in version.texts.all())
        with pytest.raises(ConflictError) as refusal:
            publish_version(version=version, actor=staff)
        assert refusal.value.code == "text_is_template"
    licence = LegalText.objects.get(version__document__slug="model-licence", language="fr")
    assert "https://ai.meta.com/llama/license/" in licence.text


def test_versions_take_effect_in_their_order(staff):
    from datetime import timedelta

    from django.utils import timezone

    soon = timezone.now() + timedelta(days=30)
    first = publish_text(effective_at=timezone.now() - timedelta(days=30))
    assert first.effective_at == first.published_at
    second = publish_text(added=" One.", effective_at=soon)
    assert second.effective_at == soon
    assert publish_text(added=" Two.").effective_at == soon

"""Who may accept what for whom, what a gate says, and what stays when people go."""

from dataclasses import replace
from datetime import timedelta

import pytest
from django.utils import timezone, translation

from altiplano.accounts.attention import texts_to_accept
from altiplano.accounts.consent_models import Consent, LegalText, Purpose
from altiplano.accounts.consent_queries import standings_of
from altiplano.accounts.domain.consents import (
    ConsentNeededError,
    give_consent,
    require_consent,
    withdraw_consent,
)
from altiplano.accounts.domain.legal import ensure_templates
from altiplano.accounts.domain.ownership import delete_organization
from altiplano.accounts.domain.profiles import delete_account
from altiplano.accounts.models import AuditEvent, Membership, Role
from altiplano.accounts.principal import StandIn
from altiplano.kernel.errors import (
    ConflictError,
    InvalidInputError,
    NotAllowedError,
    NotFoundError,
)
from altiplano.kernel.ids import new_id
from tests.factories.legal import accept, publish_text

pytestmark = pytest.mark.django_db
GATE = Purpose.PUBLISH_APP


def is_open(member) -> bool:
    try:
        require_consent(member.organization.id, GATE)
    except ConsentNeededError:
        return False
    return True


def test_nothing_is_needed_while_nothing_is_published(alice):
    ensure_templates()
    assert is_open(alice)
    publish_text("privacy-note", purposes=())
    publish_text("rules", purposes=(Purpose.ENTER_CHALLENGE,))
    assert is_open(alice)


def test_gate_names_title_version_and_language_in_the_readers_language(alice):
    publish_text()
    publish_text(added=" More.")
    with pytest.raises(ConsentNeededError) as refusal:
        require_consent(alice.organization.id, GATE)
    error = refusal.value
    assert "“Acceptable use”, version 2 (English)" in error.message
    assert (error.status, error.code) == (403, "consent_needed")
    assert error.extra["document"] == "acceptable-use"
    assert error.extra["version"] == 2
    assert error.extra["language"] == "en"
    assert error.extra["url"] == "/legal/acceptable-use/2/"
    with translation.override("fr"):
        assert "Règles d\u2019utilisation" in error.message
        assert "français" in error.message.lower()
        assert error.extra["language"] == "fr"


def test_old_consent_holds_only_when_nothing_is_asked_anew(alice):
    accept(alice.principal, publish_text())
    assert is_open(alice)
    publish_text(added=" A comma.", requires_reconsent=False)
    assert is_open(alice)
    third = publish_text(added=" A duty.", requires_reconsent=True)
    assert not is_open(alice)
    accept(alice.principal, third, language="fr")
    assert is_open(alice)


def test_grace_lasts_until_the_version_takes_effect(alice):
    accept(alice.principal, publish_text())
    later = timezone.now() + timedelta(days=10)
    coming = publish_text(added=" A duty.", effective_at=later)
    assert is_open(alice)
    (standing,) = standings_of(alice.organization.id, at=later)
    assert standing.missing == coming
    (reminder,) = texts_to_accept(alice.organization.id, alice.principal.scopes)
    assert "version 2" in str(reminder.sentence)
    accept(alice.principal, coming)
    assert not list(texts_to_accept(alice.organization.id, alice.principal.scopes))
    (standing,) = standings_of(alice.organization.id, at=later)
    assert standing.missing is None


def test_reminder_is_for_those_who_can_do_something(alice, bob):
    publish_text()
    (line,) = texts_to_accept(alice.organization.id, alice.principal.scopes)
    assert line.address == "/organization/consents/"
    assert not list(texts_to_accept(alice.organization.id, bob.principal.scopes))


def test_consent_is_of_one_organization_alone(alice, charlie):
    accept(alice.principal, publish_text())
    assert is_open(alice)
    assert not is_open(charlie)
    consent = Consent.unscoped.get()
    with pytest.raises(NotFoundError):
        withdraw_consent(principal=charlie.principal, consent_id=consent.id)


def test_only_an_owner_in_person_accepts(alice, bob):
    version = publish_text()
    operator = StandIn(user_id=bob.user.id, label="operator@example.org")
    for principal in (bob.principal, replace(alice.principal, stand_in=operator)):
        with pytest.raises(NotAllowedError):
            accept(principal, version)
    assert not Consent.unscoped.exists()


def test_what_is_accepted_is_what_was_read(alice):
    old = publish_text()
    text = LegalText.objects.get(version=old, language="en")
    right = {
        "principal": alice.principal,
        "text_id": text.id,
        "sha256": text.sha256,
        "capacity": "director",
        "has_authority": True,
    }
    for wrong, error in (
        ({"sha256": "0" * 64}, ConflictError),
        ({"capacity": " \u200b"}, InvalidInputError),
        ({"has_authority": False}, InvalidInputError),
        ({"text_id": "no id"}, NotFoundError),
        ({"text_id": new_id()}, NotFoundError),
    ):
        with pytest.raises(error):
            give_consent(**right | wrong)
    publish_text(added=" More.")
    with pytest.raises(ConflictError) as refusal:
        give_consent(**right)
    assert refusal.value.code == "text_superseded"
    assert not Consent.unscoped.exists()


def test_same_consent_twice_is_one_and_can_be_given_again_after_withdrawal(alice):
    version = publish_text()
    first = accept(alice.principal, version)
    assert accept(alice.principal, version) == first
    withdrawn = withdraw_consent(principal=alice.principal, consent_id=first.id)
    assert withdraw_consent(principal=alice.principal, consent_id=first.id) == withdrawn
    assert not is_open(alice)
    assert accept(alice.principal, version) != first
    assert is_open(alice)
    actions = AuditEvent.objects.filter(object_type="consent").values_list("action", flat=True)
    assert sorted(actions) == ["consent.given", "consent.given", "consent.withdrawn"]


def test_deleted_person_is_forgotten_and_the_organization_stays_bound(alice, bob):
    accept(alice.principal, publish_text())
    Membership.unscoped.filter(pk=bob.membership.pk).update(role=Role.OWNER)
    delete_account(user=alice.user, typed_email=alice.user.email)
    consent = Consent.unscoped.get()
    assert (consent.person, consent.capacity) == (None, "")
    assert len(consent.sha256) == 64
    assert is_open(bob)


def test_of_a_deleted_organization_only_what_was_accepted_stays(alice):
    consent = accept(alice.principal, publish_text())
    delete_organization(principal=alice.principal, typed_name=alice.organization.name)
    left = Consent.unscoped.get()
    assert (left.organization_id, left.person_id, left.capacity) == (None, None, "")
    assert (left.sha256, left.given_at) == (consent.sha256, consent.given_at)


def test_standings_cost_the_same_however_long_the_history(alice, django_assert_num_queries):
    publish_text("one")
    accept(alice.principal, publish_text("two"))
    with django_assert_num_queries(3):
        standings_of(alice.organization.id)
    for number in range(4):
        publish_text("two", added=f" {number}.", requires_reconsent=False)
    with django_assert_num_queries(3):
        standings_of(alice.organization.id)

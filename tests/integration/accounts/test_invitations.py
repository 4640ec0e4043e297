"""Invitations: for one address, for one use, for two weeks, and only by owners."""

from datetime import timedelta

import pytest
from allauth.account.models import EmailAddress
from django.db import IntegrityError, transaction
from django.utils import timezone

from altiplano.accounts.domain.invitations import (
    LIFETIME,
    PER_DAY,
    RESEND_PAUSE,
    accept_invitation,
    find_invitation,
    invite_colleague,
    renew_invitation,
    withdraw_invitation,
)
from altiplano.accounts.domain.tokens import authenticate_token
from altiplano.accounts.models import AuditEvent, Invitation, Membership, Role
from altiplano.kernel.errors import (
    ConflictError,
    InvalidInputError,
    LimitReachedError,
    NotAllowedError,
    NotFoundError,
)
from tests.factories.accounts import UserFactory

pytestmark = pytest.mark.django_db

EMAIL = "dora@example.org"


def invite(member, email=EMAIL, role="viewer"):
    return invite_colleague(principal=member.principal, email=email, role=role, language="en")


def person(email, *, is_verified=True):
    user = UserFactory(email=email)
    EmailAddress.objects.create(user=user, email=email, verified=is_verified, primary=True)
    return user


def shift(issued, by: timedelta) -> None:
    """As if the invitation had been sent that much earlier."""
    row = Invitation.unscoped.get(id=issued.invitation.id)
    Invitation.unscoped.filter(id=row.id).update(
        sent_at=row.sent_at - by, expires_at=row.expires_at - by
    )


def code_of(caught) -> str:
    return caught.value.code


def test_invited_person_joins_with_the_role_offered(alice):
    issued = invite(alice, " Dora@Example.org ", "builder")
    dora = person(EMAIL)
    membership = accept_invitation(token=issued.token, user=dora)
    assert (membership.role, membership.organization_id) == (Role.BUILDER, alice.organization.id)
    actions = AuditEvent.objects.filter(organization_id=alice.organization.id)
    assert list(actions.order_by("-id").values_list("action", "actor_label")[:2]) == [
        ("invitation.accepted", EMAIL),
        ("invitation.sent", alice.user.email),
    ]


def test_token_is_stored_nowhere(alice):
    issued = invite(alice)
    stored = repr(list(Invitation.unscoped.values())) + repr(list(AuditEvent.objects.values()))
    assert issued.token not in stored


def test_link_works_once(alice):
    issued = invite(alice)
    dora = person(EMAIL)
    accept_invitation(token=issued.token, user=dora)
    with pytest.raises(ConflictError) as caught:
        accept_invitation(token=issued.token, user=dora)
    assert code_of(caught) == "invitation_used"
    assert Membership.unscoped.filter(user=dora).count() == 1


@pytest.mark.parametrize(("email", "is_verified"), [("eve@example.org", True), (EMAIL, False)])
def test_link_is_for_the_confirmed_address_alone(alice, email, is_verified):
    issued = invite(alice)
    eve = person(email, is_verified=is_verified)
    with pytest.raises(NotAllowedError) as caught:
        accept_invitation(token=issued.token, user=eve)
    assert code_of(caught) == "other_address"
    assert not Membership.unscoped.filter(user=eve).exists()
    assert find_invitation(token=issued.token).accepted_at is None


def test_second_address_of_a_person_counts_once_confirmed(alice):
    issued = invite(alice)
    user = person("home@example.org")
    EmailAddress.objects.create(user=user, email=EMAIL, verified=True)
    assert accept_invitation(token=issued.token, user=user).user == user


def test_link_expires(alice):
    issued = invite(alice)
    shift(issued, LIFETIME)
    with pytest.raises(ConflictError) as caught:
        accept_invitation(token=issued.token, user=person(EMAIL))
    assert code_of(caught) == "invitation_expired"


def test_withdrawn_link_is_dead(alice):
    issued = invite(alice)
    withdraw_invitation(principal=alice.principal, invitation_id=issued.invitation.id)
    with pytest.raises(ConflictError) as caught:
        accept_invitation(token=issued.token, user=person(EMAIL))
    assert code_of(caught) == "invitation_withdrawn"
    for act in (withdraw_invitation, renew_invitation):
        with pytest.raises(ConflictError):
            act(principal=alice.principal, invitation_id=issued.invitation.id)


@pytest.mark.parametrize("token", ["", "x", "é" * 43, "A" * 43, "A" * 5000, "a\x00b"])
def test_unknown_link_is_not_found(alice, token):
    invite(alice)
    with pytest.raises(NotFoundError):
        find_invitation(token=token)


def test_renewed_invitation_has_another_link_and_its_full_time(alice):
    first = invite(alice)
    shift(first, LIFETIME + timedelta(hours=1))
    second = renew_invitation(principal=alice.principal, invitation_id=first.invitation.id)
    with pytest.raises(NotFoundError):
        find_invitation(token=first.token)
    assert find_invitation(token=second.token).expires_at > timezone.now() + LIFETIME / 2


def test_invitation_is_not_sent_twice_in_a_minute(alice):
    issued = invite(alice)
    with pytest.raises(LimitReachedError):
        renew_invitation(principal=alice.principal, invitation_id=issued.invitation.id)
    shift(issued, RESEND_PAUSE)
    renew_invitation(principal=alice.principal, invitation_id=issued.invitation.id)


def test_address_has_one_open_invitation(alice):
    first = invite(alice)
    with pytest.raises(ConflictError) as caught:
        invite(alice, EMAIL.upper())
    assert code_of(caught) == "already_invited"
    shift(first, LIFETIME)
    second = invite(alice)
    assert find_invitation(token=second.token).id == second.invitation.id
    with transaction.atomic(), pytest.raises(IntegrityError):
        Invitation.unscoped.create(
            organization=alice.organization,
            email=EMAIL,
            role="viewer",
            digest="other",
            expires_at=timezone.now(),
        )


def test_member_is_not_invited(alice, bob):
    with pytest.raises(ConflictError) as caught:
        invite(alice, bob.user.email)
    assert code_of(caught) == "already_member"


def test_member_who_was_added_meanwhile_keeps_their_role(alice, bob):
    issued = invite(alice)
    Invitation.unscoped.filter(id=issued.invitation.id).update(email=bob.user.email)
    EmailAddress.objects.create(user=bob.user, email=bob.user.email, verified=True)
    with pytest.raises(ConflictError) as caught:
        accept_invitation(token=issued.token, user=bob.user)
    assert code_of(caught) == "already_member"
    assert Membership.unscoped.get(user=bob.user).role == Role.BUILDER


@pytest.mark.parametrize(("email", "role"), [("nobody", "viewer"), (EMAIL, "admin"), ("", "")])
def test_nonsense_is_refused(alice, email, role):
    with pytest.raises(InvalidInputError):
        invite(alice, email, role)
    assert not Invitation.unscoped.exists()


def test_only_owners_in_person_invite_and_withdraw(alice, bob):
    issued = invite(alice)
    for principal in (bob.principal, authenticate_token(alice.key)):
        with pytest.raises(NotAllowedError):
            invite_colleague(principal=principal, email="e@example.org", role="owner", language="")
        for act in (withdraw_invitation, renew_invitation):
            with pytest.raises(NotAllowedError):
                act(principal=principal, invitation_id=issued.invitation.id)


def test_invitation_of_another_organization_is_not_found(alice, charlie):
    issued = invite(alice)
    for act in (withdraw_invitation, renew_invitation):
        with pytest.raises(NotFoundError):
            act(principal=charlie.principal, invitation_id=issued.invitation.id)


def test_organization_cannot_mail_without_end(alice, charlie):
    now = timezone.now()
    Invitation.unscoped.bulk_create(
        Invitation(
            organization=alice.organization,
            email=f"{number}@example.org",
            role="viewer",
            digest=str(number),
            expires_at=now,
        )
        for number in range(PER_DAY)
    )
    with pytest.raises(LimitReachedError):
        invite(alice)
    invite(charlie)

"""The browsers in which a person is signed in."""

from allauth.usersessions.models import UserSession
from django.contrib.auth import HASH_SESSION_KEY
from django.contrib.sessions.models import Session
from django.db import transaction
from django.utils import timezone

from altiplano.accounts.models import User


def browsers_of(user: User) -> list[UserSession]:
    """Those that are signed in right now, the newest first. Two queries however many there are.

    A session that has expired, was ended or was made before the password changed is none.
    """
    rows = {row.session_key: row for row in UserSession.objects.filter(user=user)}
    living = Session.objects.filter(session_key__in=rows, expire_date__gt=timezone.now())
    mark = user.get_session_auth_hash()
    found = [
        rows[session.session_key]
        for session in living
        if session.get_decoded().get(HASH_SESSION_KEY) == mark
    ]
    return sorted(found, key=lambda row: (row.created_at, row.pk), reverse=True)


def end_other_browsers(*, user: User, session_key: str) -> None:
    """Every browser of the person is signed out but the one with this session."""
    with transaction.atomic():
        others = UserSession.objects.filter(user=user).exclude(session_key=session_key)
        keys = list(others.values_list("session_key", flat=True))
        Session.objects.filter(session_key__in=keys).delete()
        others.filter(session_key__in=keys).delete()

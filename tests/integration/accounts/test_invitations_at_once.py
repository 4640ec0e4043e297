"""An invitation accepted twice at the same moment makes one member."""

from concurrent.futures import ThreadPoolExecutor
from threading import Barrier

import pytest
from django.db import connection

from altiplano.accounts.domain.invitations import accept_invitation, invite_colleague
from altiplano.accounts.models import AuditEvent, Membership
from altiplano.kernel.errors import ConflictError
from tests.cast import make_member
from tests.factories.accounts import OrganizationFactory
from tests.integration.accounts.people import person

pytestmark = [
    pytest.mark.django_db(transaction=True),
    pytest.mark.skipif(
        connection.vendor == "sqlite",
        reason="the suite's SQLite database is in memory, where a lock fails instead of waiting",
    ),
]


def test_link_clicked_twice_at_once_makes_one_member():
    alice = make_member(OrganizationFactory(), "owner", "Alice")
    dora = person("dora@example.org")
    issued = invite_colleague(
        principal=alice.principal, email=dora.email, role="viewer", language="en"
    )
    start = Barrier(4)

    def accept() -> str:
        try:
            start.wait(10)
            accept_invitation(token=issued.token, user=dora)
        except ConflictError as error:
            return error.code
        finally:
            connection.close()
        return "accepted"

    with ThreadPoolExecutor(4) as threads:
        answers = [future.result(30) for future in [threads.submit(accept) for _ in range(4)]]
    assert sorted(answers) == ["accepted"] + ["invitation_used"] * 3
    assert Membership.unscoped.filter(user=dora).count() == 1
    assert AuditEvent.objects.filter(action="invitation.accepted").count() == 1


def test_address_invited_twice_at_once_is_invited_once():
    alice = make_member(OrganizationFactory(), "owner", "Alice")
    start = Barrier(3)

    def invite() -> str:
        try:
            start.wait(10)
            invite_colleague(
                principal=alice.principal, email="dora@example.org", role="viewer", language="en"
            )
        except ConflictError as error:
            return error.code
        finally:
            connection.close()
        return "sent"

    with ThreadPoolExecutor(3) as threads:
        answers = [future.result(30) for future in [threads.submit(invite) for _ in range(3)]]
    assert sorted(answers) == ["already_invited", "already_invited", "sent"]

"""Two owners at once, in two processes: an organization never ends without one."""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

import pytest

from tests.ingest_stack import Portal, running_ingest
from tests.postgresql import running_postgresql

pytestmark = pytest.mark.fault

ROUNDS = 25

BOTH = """
from altiplano.accounts.domain import members
from altiplano.kernel.errors import DomainError

bob_user, _ = User.objects.get_or_create(email="bob@example.org")
Membership.unscoped.update_or_create(organization=home, user=user, defaults={"role": "owner"})
Membership.unscoped.update_or_create(organization=home, user=bob_user, defaults={"role": "owner"})
mine = Membership.unscoped.get(organization=home, user=user)
others = Membership.unscoped.get(organization=home, user=bob_user)
result = {"organization": home.id, "alice": mine.id, "bob": others.id,
          "alice_user": user.id, "bob_user": bob_user.id}
"""

ACT = """
import uuid
from altiplano.accounts.domain import members
from altiplano.accounts.principal import ROLE_SCOPES, Principal
from altiplano.kernel.errors import DomainError
me = Principal(uuid.UUID(who), "x@example.org", uuid.UUID(organization), "x", "owner", ROLE_SCOPES["owner"])
try:
    if act == "remove":
        members.remove_member(principal=me, membership_id=whom)
    else:
        members.change_role(principal=me, membership_id=whom, role="viewer")
    result = "done"
except DomainError as error:
    result = error.code
"""

COUNT = "result = Membership.unscoped.filter(organization=home, role='owner').count()"


@pytest.fixture(scope="module", params=["sqlite", "postgresql"])
def portals(request) -> Iterator[tuple[Portal, Portal]]:
    """Two processes of the platform on one database."""
    if request.param == "sqlite":
        yield from _portals()
    else:
        with running_postgresql() as server:
            yield from _portals(DATABASE_URL=server.url)


def _portals(**settings: str) -> Iterator[tuple[Portal, Portal]]:
    with running_ingest(**settings) as stack:
        second = Portal(stack.environment)
        try:
            yield stack.portal, second
        finally:
            second.close()


@pytest.mark.parametrize("act", ["remove", "step down"])
@pytest.mark.parametrize("whom", ["each other", "themselves"])
def test_one_owner_remains(portals, act, whom):
    first, second = portals
    refusals = set()
    for _ in range(ROUNDS):
        ids = first.run(BOTH)
        targets = ("bob", "alice") if whom == "each other" else ("alice", "bob")
        with ThreadPoolExecutor(2) as pool:
            outcomes = list(
                pool.map(
                    lambda portal, who, target, ids=ids: portal.run(
                        ACT,
                        act=act,
                        who=ids[f"{who}_user"],
                        whom=ids[target],
                        organization=ids["organization"],
                    ),
                    (first, second),
                    ("alice", "bob"),
                    targets,
                )
            )
        assert first.run(COUNT) == 1
        assert outcomes.count("done") == 1, "whoever comes second is refused"
        refusals |= set(outcomes) - {"done"}
    assert refusals <= {"last_owner", "role_not_allowed"}

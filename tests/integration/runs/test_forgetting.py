"""An account goes, and the counts of what was used stay, of nobody."""

from datetime import UTC, datetime, timedelta
from uuid import uuid4

import pytest

from altiplano.accounts.domain.members import remove_member
from altiplano.accounts.domain.profiles import delete_account
from altiplano.accounts.models import User
from altiplano.runs.domain.execution import StoredOutcome, begin_runs, store_outcomes
from altiplano.runs.domain.starting import start_run
from altiplano.runs.domain.usage import EndedRun, count_runs
from altiplano.runs.models import Run
from altiplano.runs.periods import Period, Step
from altiplano.runs.usage import read_spans, read_usage
from altiplano.runs.usage_models import PersonUsage
from tests.factories.accounts import OrganizationFactory
from tests.factories.runs import make_endpoint, publish_app

pytestmark = pytest.mark.django_db
NOW = datetime.now(UTC)
WEEK = Period(NOW.date() - timedelta(days=6), NOW.date())


def use(organization, user, *, days_ago: int = 0, tokens: int = 5) -> None:
    count_runs(
        [
            EndedRun(
                organization_id=organization.id,
                app_id=uuid4(),
                user_id=user.id,
                door="portal",
                asked_at=NOW - timedelta(days=days_ago),
                state="finished",
                completion_tokens=tokens,
            )
        ]
    )


def test_counts_stay_and_lead_to_nobody(alice, bob):
    other = OrganizationFactory()
    use(alice.organization, bob.user)
    use(alice.organization, bob.user, days_ago=1)
    use(other, bob.user)
    use(alice.organization, alice.user)
    days = read_spans(alice.organization.id, WEEK, Step.DAY)
    delete_account(user=bob.user, typed_email=bob.user.email)
    assert not PersonUsage.unscoped.filter(user_id=bob.user.id).exists()
    assert read_spans(alice.organization.id, WEEK, Step.DAY) == days
    people = read_usage(alice.organization.id, WEEK, with_people=True).people
    assert [(each.name, each.amounts.asked) for each in people] == [("", 2), ("Alice", 1)]
    ids = PersonUsage.unscoped.exclude(user_id=alice.user.id)
    here, there = (set(ids.filter(organization=o).values_list("user_id", flat=True)) for o in (alice.organization, other))  # fmt: skip
    assert len(here) == len(there) == 1
    assert here.isdisjoint(there), "nothing leads from one organization to another"
    assert not User.objects.filter(pk__in=here | there).exists()


def test_account_that_is_deleted_past_our_pages_is_forgotten_too(alice, bob):
    use(alice.organization, bob.user)
    gone = bob.user.id
    User.objects.filter(pk=gone).delete()
    assert not PersonUsage.unscoped.filter(user_id=gone).exists()
    assert PersonUsage.unscoped.get().asked == 1


def test_who_only_leaves_is_counted_as_themselves(alice, bob):
    use(alice.organization, bob.user)
    remove_member(principal=alice.principal, membership_id=bob.membership.id)
    assert PersonUsage.unscoped.get().user_id == bob.user.id


def test_answer_that_comes_after_the_account_went_is_nobodys(alice, bob):
    make_endpoint()
    app = publish_app(alice.organization, name="Garden")
    start_run(principal=bob.principal, app=app, question="How long?")
    (work,) = begin_runs(10)
    delete_account(user=bob.user, typed_email=bob.user.email)
    store_outcomes([(work.claim, StoredOutcome(state="finished", answer="Six."))])
    assert Run.unscoped.filter(user=bob.user.id).count() == 0
    assert PersonUsage.unscoped.count() == 0

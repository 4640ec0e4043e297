"""Counts of several organizations are locked in one order, whoever came first.

Web process and worker lock them in one transaction each; in two orders they would wait for each
other until the database gave one of them up.
"""

import pytest

from altiplano.runs.domain import execution, starting
from altiplano.runs.domain.execution import StoredOutcome, begin_runs, store_outcomes
from altiplano.runs.domain.starting import accept_runs, prepare_run
from tests.factories.runs import make_endpoint, publish_app

pytestmark = pytest.mark.django_db


@pytest.fixture
def prepared(alice, charlie):
    """A run of each of two organizations."""
    make_endpoint()
    return [
        prepare_run(
            principal=member.principal, app=publish_app(member.organization), question="How long?"
        )
        for member in (alice, charlie)
    ]


@pytest.mark.parametrize("turn", [1, -1])
def test_accepting_counts_organizations_in_order(prepared, monkeypatch, turn):
    counted = []
    take = starting.take_runs
    monkeypatch.setattr(
        starting, "take_runs", lambda pk, count: counted.append(pk) or take(pk, count)
    )
    assert accept_runs(prepared[::turn]) == [None, None]
    assert counted == sorted(run.organization_id for run in prepared)


@pytest.mark.parametrize("turn", [1, -1])
def test_storing_counts_organizations_in_order(prepared, monkeypatch, turn):
    counted = []
    monkeypatch.setattr(execution, "add_tokens", lambda pk, **_: counted.append(pk))
    accept_runs(prepared)
    works = sorted(begin_runs(2), key=lambda work: work.organization_id)[::turn]
    outcome = StoredOutcome(state="finished", answer="Six.", prompt_tokens=1)
    assert store_outcomes([(work.claim, outcome) for work in works]) == [True, True]
    assert counted == sorted(run.organization_id for run in prepared)

"""A queue that an operator holds hands out nothing, or only what waited before."""

import uuid
from datetime import timedelta
from typing import ClassVar

import pytest
from django.utils import timezone

from altiplano.kernel.errors import InvalidInputError
from altiplano.kernel.job_batches import claim_jobs
from altiplano.kernel.job_sweeping import sweep_jobs
from altiplano.kernel.jobs import JobSpec, claim_job, claim_job_by_id, create_job
from altiplano.kernel.models import Job, QueueHold
from altiplano.kernel.queue_holds import hold_queue, open_queue
from altiplano.runs.domain.claiming import claim_runs
from altiplano.runs.jobs import ExecuteRun
from tests.factories.accounts import OrganizationFactory
from tests.fakes.publisher import published

pytestmark = pytest.mark.django_db


class Dig(JobSpec):
    task: ClassVar[str] = "test.dig"
    queue: ClassVar[str] = "garden"


class Read(JobSpec):
    task: ClassVar[str] = "test.read"
    queue: ClassVar[str] = "library"


def make_job(spec=Dig) -> Job:
    return create_job(spec(uuid.uuid4()), organization_id=OrganizationFactory().id)


def hold(queue: str = "garden", mode: str = "paused") -> QueueHold:
    return hold_queue(queue, mode=mode, held_by="operator@example.org", reason="The disk is full.")


def test_paused_queue_hands_out_no_job_and_others_do():
    waiting, other = make_job(), make_job(Read)
    hold()
    assert claim_job(Dig.task) is None
    assert claim_jobs(Dig.task, limit=10) == []
    assert claim_job_by_id(waiting.id) is None
    claim = claim_job(Read.task)
    assert claim is not None
    assert claim.job_id == other.id


def test_paused_queue_takes_nothing_over_from_a_dead_worker():
    job = make_job()
    assert claim_job(Dig.task) is not None
    Job.objects.filter(id=job.id).update(lease_until=timezone.now() - timedelta(seconds=1))
    hold()
    assert claim_job(Dig.task) is None
    open_queue("garden")
    assert claim_job(Dig.task) is not None


def test_draining_queue_hands_out_what_waited_and_nothing_newer():
    before = make_job()
    hold(mode="draining")
    make_job()
    claim = claim_job(Dig.task)
    assert claim is not None
    assert claim.job_id == before.id
    assert claim_job(Dig.task) is None


def test_holding_again_keeps_since_when():
    first = hold(mode="draining")
    assert hold(mode="draining").since == first.since
    assert hold(mode="paused").since > first.since


def test_opened_queue_is_handed_out_and_announced_at_once(django_capture_on_commit_callbacks):
    hold()
    job = make_job()
    with django_capture_on_commit_callbacks(execute=True):
        assert open_queue("garden")
    assert str(job.id) in {each[2] for each in published}
    assert claim_job(Dig.task) is not None
    assert not open_queue("garden")


def test_sweeper_leaves_held_jobs_alone():
    make_job()
    Job.objects.update(published_at=timezone.now() - timedelta(hours=1))
    hold()
    assert sweep_jobs().published == 0


def test_runs_of_a_paused_queue_are_not_begun():
    organization = OrganizationFactory()
    create_job(ExecuteRun(uuid.uuid4()), organization_id=organization.id)
    hold("runs")
    assert claim_runs(10) == []
    open_queue("runs")
    assert len(claim_runs(10)) == 1


@pytest.mark.parametrize(("mode", "reason"), [("closed", "Because."), ("paused", "  ")])
def test_hold_without_sense_is_refused(mode, reason):
    with pytest.raises(InvalidInputError):
        hold_queue("garden", mode=mode, held_by="o@example.org", reason=reason)
    assert not QueueHold.objects.exists()

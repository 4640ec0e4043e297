"""The sweeper's task: one subject that cannot be told stands in nobody's way."""

import uuid
from datetime import timedelta
from typing import ClassVar

import pytest
from django.utils import timezone

from altiplano.kernel import jobs
from altiplano.kernel.models import Job, JobState
from altiplano.knowledge.specs import CompactIndex, IndexCollection
from altiplano_worker.app import app
from altiplano_worker.tasks import upkeep

pytestmark = pytest.mark.django_db


class Forgotten(jobs.JobSpec):
    """Of a release that knew more."""

    task: ClassVar[str] = "tests.forgotten"
    queue: ClassVar[str] = "index"


def let_die(organization, spec: jobs.JobSpec) -> uuid.UUID:
    job = jobs.create_job(spec, organization_id=organization.id, max_attempts=1)
    assert jobs.claim_job_by_id(job.id) is not None
    Job.objects.filter(id=job.id).update(lease_until=timezone.now() - timedelta(seconds=1))
    return job.id


def test_a_dead_job_that_cannot_be_told_does_not_keep_others_from_it(alice, monkeypatch):
    first = let_die(alice.organization, CompactIndex(uuid.uuid4()))
    second = let_die(alice.organization, IndexCollection(uuid.uuid4()))

    def refuse(claim):
        raise ConnectionError("the broker is away")

    told = {**upkeep.FAIL_SUBJECT, CompactIndex.task: refuse}
    with monkeypatch.context() as patched:
        patched.setattr(upkeep, "FAIL_SUBJECT", told)
        upkeep.sweep_jobs()
    assert Job.objects.get(id=first).state == JobState.RUNNING
    assert Job.objects.get(id=second).state == JobState.FAILED
    upkeep.sweep_jobs()
    assert Job.objects.get(id=first).state == JobState.FAILED, "at the next sweep"


def test_a_job_of_a_task_that_nobody_knows_ends(alice):
    job_id = let_die(alice.organization, Forgotten(uuid.uuid4()))
    upkeep.sweep_jobs()
    job = Job.objects.get(id=job_id)
    assert job.state == JobState.FAILED
    assert job.reason.endswith(".")


def test_every_task_of_the_schedule_is_known():
    for name, entry in app.conf.beat_schedule.items():
        assert entry["task"] in app.tasks, name

"""A job's log is bounded in lines and in time, and written by what happens to the job."""

import uuid
from datetime import timedelta
from typing import ClassVar

import pytest
import structlog
from django.utils import timezone
from structlog.testing import capture_logs

from altiplano.kernel.job_context import logged_as
from altiplano.kernel.job_logs import KEEP, LINES_PER_JOB, Line, forget_old_lines, store_lines
from altiplano.kernel.jobs import JobSpec, claim_job, create_job, fail_job, retry_job
from altiplano.kernel.models import Job, JobLogLine
from tests.factories.accounts import OrganizationFactory

pytestmark = pytest.mark.django_db


class Weed(JobSpec):
    task: ClassVar[str] = "test.weed"
    queue: ClassVar[str] = "garden"


@pytest.fixture
def job(db) -> Job:
    return create_job(Weed(uuid.uuid4()), organization_id=OrganizationFactory().id)


def line(job_id: uuid.UUID, text: str = "pulled", **more) -> Line:
    values = {"attempt": 1, "at": timezone.now(), "level": "info", **more}
    return Line(job_id=job_id, text=text, **values)


def test_lines_are_with_their_job_in_order(job):
    assert store_lines([line(job.id, "one"), line(job.id, "two")]) == 2
    assert list(job.log_lines.order_by("id").values_list("text", flat=True)) == ["one", "two"]


def test_lines_of_a_job_that_is_gone_are_left_out(job):
    assert store_lines([line(uuid.uuid4()), line(job.id)]) == 1


def test_talkative_job_fills_its_share_and_no_more(job):
    store_lines([line(job.id)] * (LINES_PER_JOB - 1))
    store_lines([line(job.id, "last"), line(job.id, "too much")])
    store_lines([line(job.id, "later")])
    assert JobLogLine.objects.count() == LINES_PER_JOB
    assert JobLogLine.objects.order_by("-id")[0].text == "last"


def test_storing_takes_the_same_queries_for_many_jobs(job, django_assert_num_queries):
    others = [
        create_job(Weed(uuid.uuid4()), organization_id=job.organization_id) for _ in range(20)
    ]
    with django_assert_num_queries(3):
        store_lines([line(each.id) for each in others])


def test_old_lines_go(job):
    store_lines([line(job.id, at=timezone.now() - KEEP - timedelta(days=1)), line(job.id, "new")])
    assert forget_old_lines() == 1
    assert JobLogLine.objects.get().text == "new"


def test_failure_and_new_attempt_say_so(job):
    claim = claim_job(Weed.task)
    assert claim is not None
    with capture_logs() as said:
        retry_job(claim, "The rain came.")
        Job.objects.update(run_after=timezone.now())
        again = claim_job(Weed.task)
        assert again is not None
        fail_job(again, "The frost came.")
    assert [(each["event"], each["attempt"], each["reason"]) for each in said] == [
        ("job.tried_again_later", 1, "The rain came."),
        ("job.failed", 2, "The frost came."),
    ]
    assert {each["job"] for each in said} == {str(job.id)}


def test_whatever_is_logged_while_a_job_is_held_is_its_own(job):
    claim = claim_job(Weed.task)
    assert claim is not None
    with logged_as(claim):
        assert structlog.contextvars.get_contextvars() == {"job": str(job.id), "attempt": 1}
    assert structlog.contextvars.get_contextvars() == {}

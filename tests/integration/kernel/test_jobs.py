"""Jobs on a real database: claims, epochs, leases, fair share, sweeping."""

import threading
import uuid
from datetime import timedelta
from typing import ClassVar

import pytest
from django.conf import settings
from django.db import connection, transaction
from django.db.models import F
from django.utils import timezone

from altiplano.kernel import job_sweeping, jobs
from altiplano.kernel.job_sweeping import sweep_jobs
from altiplano.kernel.models import Job, JobState
from tests.factories.accounts import OrganizationFactory

pytestmark = pytest.mark.django_db


class Dig(jobs.JobSpec):
    task: ClassVar[str] = "tests.dig"
    queue: ClassVar[str] = "ingest"


def dig(organization, **extra) -> Job:
    return jobs.create_job(Dig(uuid.uuid4()), organization_id=organization.id, **extra)


def expire(job_id: uuid.UUID) -> None:
    Job.objects.filter(id=job_id).update(lease_until=timezone.now() - timedelta(seconds=1))


@pytest.fixture
def alices(db):
    return OrganizationFactory(name="Green Schools")


@pytest.fixture
def charlies(db):
    return OrganizationFactory(name="Charlie's")


def test_created_job_is_published_after_commit(
    alices, published, django_capture_on_commit_callbacks
):
    with django_capture_on_commit_callbacks() as callbacks:
        job = dig(alices)
        assert published == []
    [callback() for callback in callbacks]
    assert published == [("ingest", "tests.dig", str(job.id))]


def test_silent_broker_loses_no_job(alices, monkeypatch, django_capture_on_commit_callbacks):
    def refuse(*_):
        raise ConnectionError

    monkeypatch.setattr("tests.fakes.publisher.record_job", refuse)
    jobs._publisher.cache_clear()
    with django_capture_on_commit_callbacks(execute=True):
        job = dig(alices)
    jobs._publisher.cache_clear()
    assert Job.objects.get(id=job.id).state == JobState.QUEUED


def test_equal_queued_job_is_reused(alices):
    spec = Dig(uuid.uuid4())
    first = jobs.create_job(spec, organization_id=alices.id)
    assert jobs.create_job(spec, organization_id=alices.id).id == first.id


def test_claim_is_given_once(alices):
    job = dig(alices)
    claim = jobs.claim_job("tests.dig")
    assert (claim.job_id, claim.epoch, claim.attempt) == (job.id, 1, 1)
    assert jobs.claim_job("tests.dig") is None


def test_claim_after_expired_lease_outdates_the_first(alices):
    job = dig(alices)
    first = jobs.claim_job("tests.dig")
    expire(job.id)
    second = jobs.claim_job("tests.dig")
    assert second.epoch == first.epoch + 1
    for act in (jobs.renew_lease, jobs.finish_job, jobs.hold_claim):
        with pytest.raises(jobs.LostClaimError), transaction.atomic():
            act(first)
    jobs.finish_job(second)
    assert Job.objects.get(id=job.id).state == JobState.DONE


def test_twin_of_a_running_job_waits_and_is_announced(
    alices, published, django_capture_on_commit_callbacks
):
    spec = Dig(uuid.uuid4())
    jobs.create_job(spec, organization_id=alices.id)
    claim = jobs.claim_job("tests.dig")
    twin = jobs.create_job(spec, organization_id=alices.id)
    assert twin.id != claim.job_id
    assert jobs.claim_job("tests.dig") is None
    assert jobs.claim_job_by_id(twin.id) is None
    with django_capture_on_commit_callbacks(execute=True):
        jobs.finish_job(claim)
    assert published[-1] == ("ingest", "tests.dig", str(twin.id))
    assert jobs.claim_job("tests.dig").job_id == twin.id


def test_fair_share_serves_the_organization_with_fewer_running_jobs(alices, charlies):
    for _ in range(5):
        dig(alices)
    dig(charlies)
    order = [jobs.claim_job("tests.dig").organization_id for _ in range(3)]
    assert order == [alices.id, charlies.id, alices.id]


def test_retry_waits_and_fails_after_the_last_attempt(alices):
    job = dig(alices, max_attempts=2)
    assert jobs.retry_job(jobs.claim_job("tests.dig"), "the engine is away") is True
    assert jobs.claim_job("tests.dig") is None, "a retry pauses first"
    Job.objects.update(run_after=timezone.now())
    assert jobs.retry_job(jobs.claim_job("tests.dig"), "the engine is away") is False
    job.refresh_from_db()
    assert (job.state, job.reason) == (JobState.FAILED, "the engine is away")


def test_retry_with_a_queued_twin_leaves_the_work_to_it(alices):
    spec = Dig(uuid.uuid4())
    first = jobs.create_job(spec, organization_id=alices.id)
    claim = jobs.claim_job("tests.dig")
    twin = jobs.create_job(spec, organization_id=alices.id)
    assert jobs.retry_job(claim, "again") is True
    first.refresh_from_db()
    assert first.state == JobState.CANCELLED
    assert jobs.claim_job("tests.dig").job_id == twin.id


def test_cancelled_job_loses_its_claim(alices):
    job = dig(alices)
    claim = jobs.claim_job("tests.dig")
    assert jobs.cancel_jobs(subject_id=job.subject_id) == 1
    with pytest.raises(jobs.LostClaimError):
        jobs.finish_job(claim)


def test_sweep_publishes_forgotten_and_expired_jobs(alices, published):
    forgotten, expired, fresh = dig(alices), dig(alices), dig(alices)
    claim = jobs.claim_job_by_id(expired.id)
    expire(claim.job_id)
    long_ago = timezone.now() - timedelta(minutes=5)
    Job.objects.filter(id=forgotten.id).update(published_at=long_ago)
    result = sweep_jobs()
    assert result.published == 2
    assert {job_id for *_, job_id in published} == {str(forgotten.id), str(expired.id)}
    assert str(fresh.id) not in {job_id for *_, job_id in published}
    assert sweep_jobs().published == 1, "the expired one until it is claimed"


def test_sweep_does_not_flood_the_broker(alices, published, monkeypatch):
    """Many wait for long; every sweep tells of a few, and in the end of each."""
    monkeypatch.setattr(job_sweeping, "HINTS_PER_SWEEP", 2)
    waiting = {str(dig(alices).id) for _ in range(5)}
    Job.objects.update(published_at=timezone.now() - timedelta(minutes=5))
    assert [sweep_jobs().published for _ in range(4)] == [2, 2, 1, 0]
    assert {job_id for *_, job_id in published} == waiting


def test_sweep_names_jobs_whose_attempts_all_died(alices):
    job = dig(alices, max_attempts=1)
    claim = jobs.claim_job("tests.dig")
    expire(job.id)
    assert jobs.claim_job("tests.dig") is None
    (dead,) = sweep_jobs().exhausted
    assert dead.job_id == claim.job_id
    assert jobs.fail_exhausted_job(dead, "it stopped the worker each time") is True
    assert jobs.fail_exhausted_job(dead, "again") is False
    job.refresh_from_db()
    assert job.state == JobState.FAILED


def test_retry_does_not_collide_with_a_twin_that_was_queued_meanwhile(alices, monkeypatch):
    """The database decides, not a look before: the twin may come between the two."""
    spec = Dig(uuid.uuid4())
    first = jobs.create_job(spec, organization_id=alices.id)
    claim = jobs.claim_job("tests.dig")
    hold = jobs.hold_claim

    def hold_and_lose_the_race(held):
        hold(held)
        jobs.create_job(spec, organization_id=alices.id)

    monkeypatch.setattr(jobs, "hold_claim", hold_and_lose_the_race)
    assert jobs.retry_job(claim, "the engine is away") is True
    first.refresh_from_db()
    assert (first.state, first.reason) == (JobState.CANCELLED, "the engine is away")
    assert Job.objects.filter(state=JobState.QUEUED).count() == 1


def test_a_job_that_would_wait_too_long_is_refused(alices):
    with pytest.raises(ValueError, match="waits at most"):
        dig(alices, delay=jobs.MAX_DELAY + timedelta(seconds=1))


def test_sweep_forgets_times_from_before_the_clock_was_set_back(alices, published):
    waiting, held, paused = dig(alices), dig(alices), dig(alices, delay=timedelta(minutes=1))
    claim = jobs.claim_job_by_id(held.id)
    hour = timedelta(hours=1)
    Job.objects.filter(id=waiting.id).update(
        run_after=F("run_after") + hour, published_at=F("published_at") + hour
    )
    Job.objects.filter(id=held.id).update(lease_until=F("lease_until") + hour)
    sweep_jobs()
    assert jobs.claim_job("tests.dig").job_id == waiting.id, "nobody waits an hour for nothing"
    held.refresh_from_db()
    assert held.lease_until <= timezone.now() + timedelta(seconds=settings.JOB_LEASE_SECONDS)
    jobs.renew_lease(claim)
    paused.refresh_from_db()
    assert paused.run_after > timezone.now(), "a pause that was meant is kept"
    Job.objects.filter(id=waiting.id).update(state=JobState.QUEUED, published_at=timezone.now())
    sweep_jobs()
    assert published == [], "and what was published just now is not published again"


@pytest.mark.django_db(transaction=True)
@pytest.mark.skipif(
    not connection.features.has_select_for_update, reason="SQLite lets one writer in at a time"
)
def test_a_reused_job_is_not_begun_before_its_new_work_can_be_seen(alices):
    spec = Dig(uuid.uuid4())
    job = jobs.create_job(spec, organization_id=alices.id)
    committed = threading.Event()
    seen: list[bool] = []

    def claim() -> None:
        try:
            assert jobs.claim_job_by_id(job.id) is not None
            seen.append(committed.is_set())
        finally:
            connection.close()

    with transaction.atomic():
        assert jobs.create_job(spec, organization_id=alices.id).id == job.id
        worker = threading.Thread(target=claim)
        worker.start()
        worker.join(0.3)
        assert worker.is_alive(), "it waits"
        committed.set()
    worker.join(10)
    assert seen == [True]

"""Jobs by the dozen: each claim as good as one alone."""

import uuid
from datetime import timedelta
from typing import ClassVar

import pytest
from django.db import transaction
from django.utils import timezone

from altiplano.kernel import job_batches, jobs
from altiplano.kernel.models import Job, JobState
from tests.factories.accounts import OrganizationFactory

pytestmark = pytest.mark.django_db


class Weed(jobs.JobSpec):
    task: ClassVar[str] = "tests.weed"
    queue: ClassVar[str] = "ingest"


@pytest.fixture
def alices(db):
    return OrganizationFactory(name="Green Schools")


@pytest.fixture
def charlies(db):
    return OrganizationFactory(name="Charlie's")


def weed(organization, count: int = 1) -> None:
    jobs.create_jobs([Weed(uuid.uuid4()) for _ in range(count)], organization_id=organization.id)


def test_claims_are_distinct_the_oldest_and_given_once(alices):
    weed(alices, 5)
    oldest = list(Job.objects.order_by("created_at", "id").values_list("id", flat=True))
    first = job_batches.claim_jobs("tests.weed", limit=3)
    assert [claim.job_id for claim in first] == oldest[:3]
    assert {(claim.epoch, claim.attempt) for claim in first} == {(1, 1)}
    second = job_batches.claim_jobs("tests.weed", limit=3)
    assert [claim.job_id for claim in second] == oldest[3:]
    assert job_batches.claim_jobs("tests.weed", limit=3) == []


def test_batch_is_of_one_organization_and_the_other_comes_next(alices, charlies):
    weed(alices, 3)
    weed(charlies, 1)
    first = job_batches.claim_jobs("tests.weed", limit=2)
    assert {claim.organization_id for claim in first} == {alices.id}
    (second,) = job_batches.claim_jobs("tests.weed", limit=2)
    assert second.organization_id == charlies.id


def test_paused_jobs_and_twins_of_running_ones_are_left_out(alices):
    weed(alices, 3)
    paused, twin = Job.objects.order_by("id")[1:]
    Job.objects.filter(pk=paused.pk).update(run_after=timezone.now() + timedelta(minutes=1))
    Job.objects.filter(pk=twin.pk).update(
        state=JobState.RUNNING, lease_until=timezone.now() + timedelta(minutes=1)
    )
    jobs.create_job(Weed(twin.subject_id), organization_id=alices.id)
    assert len(job_batches.claim_jobs("tests.weed", limit=10)) == 1


def test_exhausted_job_does_not_stand_in_the_way(alices):
    weed(alices, 2)
    first = Job.objects.order_by("created_at", "id").first()
    Job.objects.filter(pk=first.pk).update(
        state=JobState.RUNNING, attempt=3, lease_until=timezone.now() - timedelta(seconds=1)
    )
    (claim,) = job_batches.claim_jobs("tests.weed", limit=2)
    assert claim.job_id != first.id


def test_lost_claims_are_told_apart_and_change_nothing(alices):
    weed(alices, 3)
    claims = job_batches.claim_jobs("tests.weed", limit=3)
    jobs.cancel_jobs(subject_id=claims[1].subject_id)
    kept = [claims[0], claims[2]]
    assert job_batches.renew_leases(claims) == kept
    with transaction.atomic():
        assert job_batches.hold_claims(claims) == kept
    with pytest.raises(jobs.LostClaimError), transaction.atomic():
        job_batches.finish_jobs(claims)
    assert Job.objects.filter(state=JobState.DONE).count() == 0
    job_batches.finish_jobs(kept)
    assert Job.objects.filter(state=JobState.DONE).count() == 2


def test_finished_batch_announces_the_twins(alices, published, django_capture_on_commit_callbacks):
    weed(alices, 2)
    claims = job_batches.claim_jobs("tests.weed", limit=2)
    twin = jobs.create_job(Weed(claims[0].subject_id), organization_id=alices.id)
    published.clear()
    with django_capture_on_commit_callbacks(execute=True):
        job_batches.finish_jobs(claims)
    assert published == [("ingest", "tests.weed", str(twin.id))]


def test_released_jobs_wait_as_if_never_claimed_and_wake_a_worker(
    alices, published, django_capture_on_commit_callbacks
):
    weed(alices, 2)
    claims = job_batches.claim_jobs("tests.weed", limit=2)
    published.clear()
    with django_capture_on_commit_callbacks(execute=True):
        job_batches.release_jobs(claims)
    assert len(published) == 1
    assert set(Job.objects.values_list("state", "attempt")) == {("queued", 0)}
    again = job_batches.claim_jobs("tests.weed", limit=2)
    assert {claim.epoch for claim in again} == {2}, "the first claims are outdated"
    job_batches.release_jobs(claims)
    assert Job.objects.filter(state=JobState.RUNNING).count() == 2


def test_release_beside_an_equal_queued_job_leaves_it_to_the_lease(alices):
    weed(alices, 1)
    claims = job_batches.claim_jobs("tests.weed", limit=2)
    jobs.create_job(Weed(claims[0].subject_id), organization_id=alices.id)
    job_batches.release_jobs(claims)
    assert Job.objects.get(pk=claims[0].job_id).state == JobState.RUNNING


def test_nothing_is_done_with_no_claims():
    assert job_batches.hold_claims([]) == job_batches.renew_leases([]) == []
    job_batches.finish_jobs([])
    job_batches.release_jobs([])

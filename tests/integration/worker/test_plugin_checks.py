"""Checking an uploaded release: the findings, the suites in the sandbox, and what becomes of it."""

from threading import Event

import pytest

from altiplano.catalog.archives import archive_path
from altiplano.catalog.domain.checking import tell_progress
from altiplano.catalog.domain.uploading import receive_release, withdraw_release
from altiplano.catalog.package_models import CheckStep, PackageRelease, PackageState
from altiplano.catalog.specs import CheckRelease
from altiplano.kernel.errors import ConflictError
from altiplano.kernel.jobs import claim_job
from altiplano.kernel.models import Job, JobState
from altiplano.knowledge.specs import IndexCollection, ParseDocument
from altiplano.ops.job_operations import cancel_active_job, retry_failed_job
from altiplano_sdk import PermanentError
from altiplano_worker.runtime.sandbox import conformance
from altiplano_worker.runtime.sandbox.launcher import launch_child
from altiplano_worker.runtime.sandbox.levels import available_levels
from altiplano_worker.tasks import check_following, plugin_checks
from altiplano_worker.tasks.plugin_checks import check_release
from altiplano_worker.tasks.upkeep import FAIL_SUBJECT
from tests.factories.accounts import UserFactory
from tests.factories.archives import GUARD, Author, write_archive
from tests.factories.packages import PackageReleaseFactory

pytestmark = pytest.mark.django_db(transaction=True)

DELETES = "import subprocess\n\n\nclass Guard:\n    points = ()\n"


@pytest.fixture(autouse=True)
def places(settings, tmp_path):
    settings.BLOB_ROOT = tmp_path / "blobs"
    settings.PLUGIN_ROOT = tmp_path / "plugins"


@pytest.fixture
def upload(alice, tmp_path):
    author = Author()
    author.known_to(alice.principal)

    def send(**package) -> PackageRelease:
        path = write_archive(tmp_path, author=author, **package)
        return receive_release(principal=alice.principal, file=path)

    return send


@pytest.mark.skipif(not available_levels(), reason="this machine has no sandbox")
def test_good_release_passes_its_suites_in_the_sandbox_and_waits_for_review(upload, settings):
    release = upload()
    check_release("")
    release.refresh_from_db()
    assert release.state == PackageState.IN_REVIEW, str(release.findings)
    assert release.conformance["passed"] > 10
    assert release.conformance["speed"]["p50_ms"] > 0
    assert Job.objects.get(subject_id=release.id).state == JobState.DONE
    assert not list(settings.PLUGIN_ROOT.glob("*")), "what was unpacked for the check is gone"


def test_forbidden_import_is_refused_and_never_run(upload, monkeypatch):
    monkeypatch.setattr(plugin_checks, "try_package", lambda *_: pytest.fail("it was run"))
    release = upload(code=DELETES)
    check_release("")
    release.refresh_from_db()
    assert release.state == PackageState.REFUSED
    finding = next(each for each in release.findings if "subprocess" in each["message"])
    assert (finding["file"], finding["line"]) == ("glossary_guard/__init__.py", 1)
    assert finding["hint"]
    assert finding["rule"] in release.reason


def test_lowered_promise_is_found_against_the_last_release(upload, alice, monkeypatch):
    monkeypatch.setattr(plugin_checks, "try_package", lambda *_: pytest.fail("it was run"))
    PackageReleaseFactory(
        package__slug="glossary-guard",
        package__owner=alice.organization,
        version="0.9.0",
        schemas={"guard": {"type": "object", "properties": {"gone": {"type": "string"}}}},
    )
    release = upload()
    check_release("")
    release.refresh_from_db()
    assert release.state == PackageState.REFUSED
    assert any("gone" in each["message"] for each in release.findings)


def test_lost_file_refuses_the_release(upload):
    release = upload()
    archive_path(release.id).unlink()
    check_release("")
    release.refresh_from_db()
    assert release.state == PackageState.REFUSED


def test_fault_of_the_machine_is_tried_again_and_said_at_last(upload, monkeypatch):
    def no_sandbox(_release, _follower):
        raise PermanentError("This machine has no sandbox.")

    monkeypatch.setattr(plugin_checks, "try_package", no_sandbox)
    release = upload()
    check_release("")
    release.refresh_from_db()
    assert release.state == PackageState.CHECKING
    job = Job.objects.get(subject_id=release.id)
    assert (job.state, job.reason) == (JobState.QUEUED, "This machine has no sandbox.")
    Job.objects.update(attempt=job.max_attempts - 1, run_after=job.created_at)
    check_release("")
    release.refresh_from_db()
    assert (release.state, release.reason) == (PackageState.REFUSED, "This machine has no sandbox.")


def test_checking_twice_changes_nothing(upload):
    release = upload(code=DELETES)
    check_release("")
    release.refresh_from_db()
    first = (release.state, release.findings, Job.objects.get(subject_id=release.id).epoch)
    check_release("")
    release.refresh_from_db()
    assert (release.state, release.findings, Job.objects.get(subject_id=release.id).epoch) == first


def test_withdrawn_release_is_not_checked(upload, alice):
    release = upload()
    withdraw_release(principal=alice.principal, release_id=release.id)
    check_release("")
    release.refresh_from_db()
    assert release.state == PackageState.WITHDRAWN


def test_check_that_kills_its_worker_every_time_refuses_the_release(upload):
    release = upload()
    claim = claim_job(CheckRelease.task)
    FAIL_SUBJECT[claim.task](claim)
    release.refresh_from_db()
    assert release.state == PackageState.REFUSED
    assert release.reason.startswith("The checks stopped")


def test_author_sees_how_far_the_suites_are_while_they_run(upload, monkeypatch):
    seen, is_told = [], Event()

    def see(release_id, step, *, done=0, total=0):
        tell_progress(release_id, step, done=done, total=total)
        release.refresh_from_db()
        seen.append((release.check_step, release.checks_done, release.checks_total))
        if total:
            is_told.set()

    def run_suites(_release, *, level, tell, is_unwanted):
        assert not is_unwanted()
        tell(3, 9)
        assert is_told.wait(60), "nobody was told"
        raise PermanentError("This machine stops here.")

    monkeypatch.setattr(check_following, "tell_progress", see)
    monkeypatch.setattr(plugin_checks, "run_conformance", run_suites)
    monkeypatch.setattr(plugin_checks, "prove_level", lambda: None)
    release = upload()
    assert release.check_step == CheckStep.WAITING
    check_release("")
    assert seen[-1] == (CheckStep.SUITES, 3, 9)
    release.refresh_from_db()
    assert (release.check_step, release.checks_total) == (CheckStep.WAITING, 0), "it is tried again"


@pytest.mark.skipif(not available_levels(), reason="this machine has no sandbox")
def test_withdrawing_ends_the_suites_that_run(upload, alice, monkeypatch, settings):
    launched = []

    def launch(**wishes):
        launched.append(launch_child(**wishes))
        return launched[-1]

    def withdraw(release_id, step, *, done=0, total=0):
        if step == CheckStep.SUITES and not total:  # the package is being imported, for ever
            withdraw_release(principal=alice.principal, release_id=release_id)

    monkeypatch.setattr(conformance, "launch_child", launch)
    monkeypatch.setattr(check_following, "tell_progress", withdraw)
    release = upload(code="while True:\n    pass\n" + GUARD)
    check_release("")
    release.refresh_from_db()
    assert (release.state, release.findings) == (PackageState.WITHDRAWN, [])
    assert all(child.process.poll() is not None for child in launched)
    assert not list(settings.PLUGIN_ROOT.glob("*"))
    assert Job.objects.get(subject_id=release.id).state == JobState.CANCELLED


def test_operator_who_cancels_a_check_refuses_the_release(upload):
    release = upload()
    job = Job.objects.get(subject_id=release.id)
    cancel_active_job(actor=UserFactory(is_staff=True), job=job)
    release.refresh_from_db()
    job.refresh_from_db()
    assert (release.state, job.state) == (PackageState.REFUSED, JobState.CANCELLED)
    assert release.reason == "Cancelled by the operator of the platform."
    with pytest.raises(ConflictError, match="over"):
        cancel_active_job(actor=UserFactory(is_staff=True), job=job)
    with pytest.raises(ConflictError, match="uploads the release again"):
        retry_failed_job(actor=UserFactory(is_staff=True), job=job)


def test_fifty_uploads_stand_in_no_documents_way():
    assert CheckRelease.queue not in {ParseDocument.queue, IndexCollection.queue}

"""The overview answers its four questions from what is true, in as many queries however much that is."""

import re
from datetime import timedelta

import pytest
from django.core.cache import caches
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from altiplano.accounts.interfaces.admin_decisions import Decision, decision_source
from altiplano.accounts.models import AuditEvent, User
from altiplano.kernel.ids import first_id_at, new_id
from altiplano.kernel.models import Job, JobState, QueueHold
from altiplano.knowledge.models import DocumentState, DocumentVersion
from altiplano.knowledge.specs import IndexCollection, ParseDocument
from altiplano.ops import overview as figures
from altiplano.ops.health import PartHealth, Readiness
from altiplano.ops.job_operations import unsolved_failures
from altiplano.ops.speed import SPEED_SECONDS, read_speed
from altiplano.runs.jobs import ExecuteRun
from altiplano.runs.models import Answer, DailyUsage, Run
from tests.factories.accounts import OrganizationFactory
from tests.factories.everything import make_everything
from tests.factories.runs import RunFactory
from tests.factories.studio import report_plugin

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def _known_health(monkeypatch):
    """Asking a broker and an engine is tested in test_health."""
    caches["near"].clear()

    async def readiness():
        return Readiness((PartHealth("broker", ok=False, says="The broker does not answer."),))

    monkeypatch.setattr(figures, "check_readiness", readiness)
    yield
    caches["near"].clear()


@pytest.fixture
def operator(db) -> Client:
    client = Client()
    client.force_login(User.objects.create_superuser("operator@example.org"))
    return client


def words(client: Client, path: str = "/admin/") -> str:
    response = client.get(path)
    assert response.status_code == 200
    return " ".join(re.sub(r"<[^>]+>", " ", response.content.decode()).split())


def make_job(spec=ParseDocument, organization=None, **values) -> Job:
    now = timezone.now()
    return Job.objects.create(
        organization=organization or OrganizationFactory(),
        task=spec.task,
        queue=spec.queue,
        **{"subject_id": new_id(), "run_after": now, "created_at": now, **values},
    )


def failed_version(collection_state=DocumentState.FAILED) -> DocumentVersion:
    make_everything(7)
    version = DocumentVersion.unscoped.get()
    version.state, version.reason = collection_state, "It is damaged."
    version.source_url = "https://example.org/a.pdf"
    version.save()
    return version


def operate(client: Client, job: Job, name: str, **more: str):
    return client.post(
        "/admin/kernel/job/",
        {"action": name, "_selected_action": str(job.pk), "confirmed": name, **more},
        follow=True,
    )


def test_broken_part_and_failed_job_are_named_with_their_reasons(operator):
    make_job(
        ExecuteRun,
        state=JobState.FAILED,
        reason="The worker is gone.",
        finished_at=timezone.now(),
    )
    shown = words(operator)
    assert "The broker does not answer." in shown
    assert "The worker is gone." in shown
    assert "1 failed job that nobody has tried again" in shown


def test_failure_that_was_tried_again_is_not_shown_any_more(operator):
    failed_version()
    old = unsolved_failures().get()
    make_job(subject_id=old.subject_id, created_at=timezone.now() + timedelta(seconds=1))
    assert not unsolved_failures().exists()


@pytest.mark.parametrize("end", ["deleted", "ready", "old"])
def test_failure_that_matters_no_more_is_not_shown(end):
    version = failed_version()
    assert unsolved_failures().count() == 1
    if end == "deleted":
        version.document.delete()
    elif end == "ready":
        DocumentVersion.unscoped.update(state=DocumentState.READY)
    else:
        Job.objects.update(finished_at=timezone.now() - timedelta(days=8))
    assert not unsolved_failures().exists()


def test_failed_job_is_retried_after_a_confirmation_that_names_it(operator):
    version = failed_version()
    job = Job.objects.get(state=JobState.FAILED)
    asked = operator.post("/admin/kernel/job/", {"action": "retry", "_selected_action": job.pk})
    assert "These jobs will be tried again from the start:" in asked.content.decode()
    assert DocumentVersion.unscoped.get(pk=version.pk).state == DocumentState.FAILED
    done = operate(operator, job, "retry").content.decode()
    assert "Done for 1 row." in done
    assert Job.objects.filter(subject_id=version.pk, state=JobState.QUEUED).count() in {0, 1}
    assert DocumentVersion.unscoped.get(pk=version.pk).state in {
        DocumentState.QUEUED,
        DocumentState.EMBEDDING,
    }
    (event,) = AuditEvent.objects.filter(action="job.retried")
    assert event.actor_label == "operator@example.org"


def test_failed_indexing_is_retried_with_the_documents_that_failed_by_it(operator):
    version = failed_version()
    job = make_job(
        IndexCollection,
        organization=version.organization,
        subject_id=version.document.collection_id,
        state=JobState.FAILED,
        reason="It is damaged.",
        finished_at=timezone.now(),
    )
    operate(operator, job, "retry")
    version.refresh_from_db()
    assert version.state == DocumentState.EMBEDDING
    assert Job.objects.filter(task=IndexCollection.task, state=JobState.QUEUED).count() == 1


@pytest.mark.parametrize(
    ("spec", "state"), [(ExecuteRun, JobState.FAILED), (ParseDocument, JobState.DONE)]
)
def test_job_that_cannot_be_retried_says_why_and_stays(operator, spec, state):
    job = make_job(spec, state=state, finished_at=timezone.now())
    said = operate(operator, job, "retry").content.decode()
    assert "Done for" not in said
    assert Job.objects.count() == 1
    assert not AuditEvent.objects.filter(action="job.retried").exists()


def test_waiting_document_is_cancelled_with_its_job(operator):
    version = failed_version()
    DocumentVersion.unscoped.update(state=DocumentState.QUEUED)
    job = make_job(organization=version.organization, subject_id=version.pk)
    operate(operator, job, "cancel")
    job.refresh_from_db()
    version.refresh_from_db()
    assert (job.state, version.state) == (JobState.CANCELLED, DocumentState.CANCELLED)
    assert version.reason == "Cancelled by the operator of the platform."


def test_indexing_for_which_documents_wait_is_not_cancelled(operator):
    job = make_job(IndexCollection)
    said = operate(operator, job, "cancel").content.decode()
    assert "Documents wait for this job" in said
    job.refresh_from_db()
    assert job.state == JobState.QUEUED


def test_who_waits_is_told_by_queue_and_by_organization(operator):
    blue = OrganizationFactory(name="Blue River")
    for _ in range(3):
        make_job(organization=blue, created_at=timezone.now() - timedelta(hours=2))
    make_job(ExecuteRun, state=JobState.RUNNING, lease_until=timezone.now())
    now = timezone.now()
    ingest = next(each for each in figures.read_queues(now) if each.name == "ingest")
    assert (ingest.waiting, ingest.running) == (3, 0)
    assert ingest.oldest >= timedelta(hours=2)
    first = figures.read_waiting(now)[0]
    assert (first.organization, first.waiting) == (blue, 3)
    assert "Blue River" in words(operator)


def test_queue_is_paused_for_a_reason_and_opened_again(operator):
    assert operator.post("/admin/queues/ingest/", {"mode": "paused"}).status_code == 400
    assert not QueueHold.objects.exists()
    paused = operator.post("/admin/queues/ingest/", {"mode": "paused", "reason": "Full disk."})
    assert paused["Location"] == "/admin/"
    assert "Full disk." in words(operator)
    operator.post("/admin/queues/ingest/", {"mode": "open"})
    assert not QueueHold.objects.exists()
    actions = AuditEvent.objects.order_by("id").values_list("action", "object_id")
    assert list(actions) == [("queue.paused", "ingest"), ("queue.opened", "ingest")]


def test_queue_that_nobody_knows_is_not_held(operator):
    wrong = operator.post("/admin/queues/cellar/", {"mode": "paused", "reason": "Why?"})
    assert wrong.status_code == 404
    assert operator.post("/admin/queues/runs/", {"mode": "shut", "reason": "!"}).status_code == 400
    assert not QueueHold.objects.exists()


def test_what_is_spent_is_told_by_day_without_a_gap(operator):
    today = timezone.now().date()
    for days, runs in ((0, 7), (2, 5), (40, 99)):
        DailyUsage.unscoped.create(
            organization=OrganizationFactory(),
            day=today - timedelta(days=days),
            runs=runs,
            prompt_tokens=100,
            completion_tokens=20,
        )
    days = figures.read_days(today)
    assert [each.answers for each in days] == [*[0] * 11, 5, 0, 7]
    assert days[-1].tokens == 120
    assert operator.get("/admin/").content.decode().count("<rect") == 2 * len(days)


def test_speed_is_of_the_newest_answers_alone():
    for tokens, milliseconds in ((30, 500), (60, 1000)):
        run = RunFactory(state="finished")
        Answer.objects.create(
            run=run, completion_tokens=tokens, timings={"generate_ms": milliseconds}
        )
    old = Run.unscoped.create(
        id=first_id_at(0),
        organization=run.organization,
        app=run.app,
        spec={},
        state="finished",
    )
    Answer.objects.create(run=old, completion_tokens=10_000)
    speed = read_speed()
    assert speed.answers == 2
    assert speed.of_one == pytest.approx(60)
    assert speed.in_all == pytest.approx(90 / SPEED_SECONDS)


def test_decisions_wait_and_areas_add_their_own(operator):
    report_plugin("reranker", "broken", state="quarantined")
    decision_source(_waiting_challenge)
    shown = words(operator)
    assert "Plugins in quarantine 1" in shown
    assert "Challenges to approve 0" in shown


def _waiting_challenge() -> Decision:
    return Decision("Challenges to approve", 0, "/admin/")


@pytest.mark.parametrize("path", ["/admin/", "/admin/fresh/"])
def test_overview_costs_the_same_however_much_there_is(operator, path):
    def count() -> int:
        caches["near"].clear()
        with CaptureQueriesContext(connection) as queries:
            assert operator.get(path).status_code == 200
        return len(queries)

    make_everything(1)
    make_job()
    few = count()
    for number in range(2, 6):
        make_everything(number)
        make_job()
    assert count() == few


def test_fresh_part_is_a_part_and_under_the_dashboards_policy(operator):
    response = operator.get("/admin/fresh/")
    assert "<html" not in response.content.decode()
    assert response["Content-Security-Policy"].startswith("default-src 'none'")


def test_staff_without_the_right_see_no_figures_and_hold_no_queue(db):
    make_job(ExecuteRun, state=JobState.FAILED, reason="Private.", finished_at=timezone.now())
    client = Client()
    client.force_login(User.objects.create_user("helper@example.org", is_staff=True))
    assert "Private." not in words(client)
    refused = client.post("/admin/queues/ingest/", {"mode": "paused", "reason": "Me."})
    assert refused.status_code == 403


def test_job_page_shows_attempts_times_and_log(operator):
    make_everything(3)
    job = Job.objects.get()
    shown = words(operator, f"/admin/kernel/job/{job.pk}/change/")
    assert "Attempts 3 / 3" in shown
    assert "error line 3" in shown
    assert "The file is damaged (3)." in shown

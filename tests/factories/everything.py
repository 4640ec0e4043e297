"""Some rows of every model of the project, with secrets that no page may show."""

from datetime import timedelta
from typing import Any

from django.contrib.auth.models import Group
from django.contrib.sessions.models import Session
from django.utils import timezone

from altiplano.accounts.domain.audit import record_event
from altiplano.accounts.models import ApiToken, Role
from altiplano.catalog.models import Plugin, PluginRelease
from altiplano.challenges.domain.extensions import extend_phase
from altiplano.kernel.ids import new_id
from altiplano.kernel.models import (
    Heartbeat,
    Job,
    JobLogLine,
    JobState,
    OrganizationLimits,
    QueueHold,
)
from altiplano.knowledge.models import Chunk, Document, DocumentText, DocumentVersion, Tombstone
from altiplano.knowledge.source_models import LoadedDocument, Source
from altiplano.ops.models import MaintenanceNotice
from altiplano.runs.domain.usage import count_runs, ended_without_answer
from altiplano.runs.models import Answer, Citation, Conversation, DailyUsage, Feedback, Report, Run
from altiplano.serving.domain.keys import seal_key
from altiplano.serving.models import ModelEndpoint, ToolServer
from altiplano.studio.domain.apps import keep_revision
from altiplano.studio.models import AppSharing, DraftPackage
from tests.cast import make_member
from tests.factories.accounts import OrganizationFactory
from tests.factories.challenges import begin, publish_edition_now
from tests.factories.legal import accept, publish_text
from tests.factories.packages import make_packages
from tests.factories.runs import publish_app
from tests.factories.studio import CollectionFactory

LONG_NAME = "Ünïcode 🌱 مدرسة " + "very long name " * 12
SEALED_KEY = "sk-this-key-must-never-be-shown"


def make_everything(number: int) -> set[str]:
    """One more row of each model; returns what must be found in no page."""
    now = timezone.now()
    organization = OrganizationFactory(name=f"{LONG_NAME}{number}"[:200])
    member = make_member(organization, Role.OWNER, f"Member{number}")
    collection = CollectionFactory(organization=organization, name=f"Collection {number}")
    version = _document(collection, number)
    app = publish_app(organization)
    app.collections.add(collection)
    keep_revision(member.principal, app, [collection])
    AppSharing.unscoped.create(organization=organization, app=app)
    _run(app, member.user, number)
    endpoint = ModelEndpoint.objects.create(
        name=f"Engine {number}",
        base_url="http://127.0.0.1:9/v1",
        model="fake",
        sealed_key=seal_key(SEALED_KEY),
        organization=organization,
    )
    ToolServer.objects.create(
        name=f"Tools {number}",
        slug=f"tools-{number}",
        address="https://tools.example.org/mcp",
        sealed_key=seal_key(SEALED_KEY),
        organization=organization,
    )
    plugin = Plugin.objects.create(kind="retriever", slug=f"finder-{number}")
    PluginRelease.objects.create(plugin=plugin, version="1", manifest={}, config_schema={})
    package = make_packages(organization, number, SEALED_KEY)
    DraftPackage.unscoped.create(organization=organization, app=app, package=package)
    job = _failed_job(organization, version.id, number)
    QueueHold.objects.create(
        queue=f"queue-{number}", mode="paused", since=now, held_by="o@example.org", reason="Test"
    )
    Heartbeat.objects.create(name=f"part-{number}", beaten_at=now)
    OrganizationLimits.objects.create(organization=organization, runs_per_day=7)
    MaintenanceNotice.objects.create(
        text_en=f"Notice {number}",
        text_fr=f"Avis {number}",
        starts_at=now + timedelta(days=1),
        ends_at=now + timedelta(days=2),
    )
    accept(member.principal, publish_text(f"text-{number}"))
    _editions(organization, number)
    Group.objects.create(name=f"Group {number}")
    record_event(
        principal=member.principal,
        organization_id=organization.id,
        action="test.made",
        object_type="job",
        object_id=job.id,
        data={"number": number},
    )
    session = member.browser.session
    token = ApiToken.unscoped.get(created_by=member.user)
    return {
        member.key,
        token.digest,
        member.user.password,
        str(session.session_key),
        Session.objects.get(session_key=session.session_key).session_data,
        SEALED_KEY,
        endpoint.sealed_key.hex(),
        repr(bytes(endpoint.sealed_key)),
    }


def _editions(organizer: Any, number: int) -> None:
    """One that can still be changed, and one that has begun and was extended."""
    publish_edition_now(organizer, f"coming-{number}")
    phase = begin(publish_edition_now(organizer, f"begun-{number}")).phases.get()
    extend_phase(
        phase=phase,
        closes_at=phase.closes_at + timedelta(days=1),
        reason_en=f"Reason {number}",
        reason_fr=f"Raison {number}",
        actor=None,
    )


def _document(collection: Any, number: int) -> DocumentVersion:
    document = Document.unscoped.create(
        organization=collection.organization, collection=collection, name=f"{number}.txt"
    )
    version = DocumentVersion.unscoped.create(
        organization=collection.organization, document=document, bytes=10, state="ready"
    )
    document.active_version = document.latest_version = version
    document.save()
    DocumentText.objects.create(version=version, text="word " * 2000, pages=[[1, 0, 10_000]])
    Chunk.unscoped.create(
        organization=collection.organization,
        collection=collection,
        version=version,
        ordinal=0,
        page=1,
        start=0,
        end=4,
        text="word",
        vector=b"\x00" * 16,
    )
    Tombstone.objects.create(collection=collection, chunk_ids=[1, 2])
    source = Source.unscoped.create(
        organization=collection.organization,
        collection=collection,
        name=f"Source {number}",
        plugin="shelf",
        pin={"version": "1.0.0"},
    )
    LoadedDocument.unscoped.create(
        organization=collection.organization,
        source=source,
        document=document,
        seen_at=timezone.now(),
    )
    return version


def _run(app: Any, user: Any, number: int) -> Run:
    conversation = Conversation.unscoped.create(
        organization=app.organization, app=app, user=user, title=f"Question {number}?"
    )
    run = Run.unscoped.create(
        organization=app.organization,
        app=app,
        conversation=conversation,
        version=app.published_version,
        user=user,
        question=f"Question {number}?",
        spec={"pipeline": {}, "collections": [], "endpoint": ""},
        state="finished",
    )
    Answer.objects.create(run=run, text="Six months [1].", completion_tokens=5)
    Citation.objects.create(
        run=run,
        ordinal=0,
        n=1,
        chunk_id=1,
        document_id=new_id(),
        document_name="compost.txt",
        page=1,
        start=0,
        end=4,
        quote="word",
        answer_start=0,
        answer_end=3,
    )
    Feedback.unscoped.create(organization=app.organization, run=run, user=user, verdict="bad")
    Report.unscoped.create(organization=app.organization, run=run, user=user, reason="wrong")
    count_runs([ended_without_answer(run)])
    DailyUsage.unscoped.create(
        organization=app.organization, day=timezone.now().date(), runs=3, completion_tokens=5
    )
    return run


def _failed_job(organization: Any, subject_id: Any, number: int) -> Job:
    now = timezone.now()
    job = Job.objects.create(
        organization=organization,
        task="altiplano.knowledge.parse_document",
        queue="ingest",
        subject_id=subject_id,
        state=JobState.FAILED,
        reason=f"The file is damaged ({number}).",
        run_after=now,
        created_at=now,
        started_at=now,
        finished_at=now,
        attempt=3,
    )
    JobLogLine.objects.create(job=job, attempt=3, at=now, level="error", text=f"line {number}")
    return job

"""An organization as it is after a busy year: what pages are measured on.

Rows are written in bulk, past the domain: nothing here is searched or answered.
"""

import random
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from django.utils import timezone

from altiplano.accounts.models import AuditEvent, Membership, Organization, Role, User
from altiplano.knowledge.models import (
    Collection,
    Document,
    DocumentText,
    DocumentVersion,
)
from altiplano.runs.domain.usage import EndedRun, count_runs
from altiplano.runs.models import Answer, Citation, Conversation, Run
from altiplano.runs.usage_models import Door
from altiplano.serving.models import ModelEndpoint
from altiplano.studio.models import App, AppSharing, AppVersion
from tests.factories.studio import report_all_plugins

DAYS = 90
PARAGRAPH = "A heap that is turned every week is mature after six months. "
STATES = ("ready",) * 8 + ("failed", "queued")


@dataclass(frozen=True, slots=True)
class Sizes:
    documents: int = 500
    apps: int = 50
    members: int = 200
    runs: int = 20_000


@dataclass(frozen=True, slots=True)
class Filled:
    """The organization, its owner, and what the addresses of pages are filled with."""

    organization: Organization
    owner: User
    places: dict[str, str]


def fill(sizes: Sizes) -> Filled:
    """One organization of these sizes, the same each time."""
    chance = random.Random(7)
    organization = Organization.objects.create(name="Académie", slug="academie", kind="public")
    people = _people(organization, sizes.members)
    report_all_plugins()
    ModelEndpoint.objects.create(
        name="Engine", base_url="http://127.0.0.1:9/v1", model="fake", is_default=True
    )
    collections = [
        Collection.unscoped.create(organization=organization, name=f"Collection {number}")
        for number in range(10)
    ]
    documents = _documents(organization, collections[0], sizes.documents)
    apps = _apps(organization, collections, sizes.apps, people[0])
    run = _runs(organization, apps, people, sizes.runs, documents[0], chance)
    _history(organization, people[0])
    return Filled(
        organization,
        people[0],
        {
            "app": str(apps[0].id),
            "collection": str(collections[0].id),
            "document": str(documents[0].id),
            "public": f"{organization.slug}/{apps[0].slug}",
            "run": str(run.id),
            "source": f"{documents[0].id}/?start=0&end=60",
        },
    )


def _people(organization: Organization, count: int) -> list[User]:
    people = User.objects.bulk_create(
        User(email=f"person{number}@academie.example", name=f"Person {number}", password="!")
        for number in range(count)
    )
    Membership.unscoped.bulk_create(
        Membership(
            organization=organization,
            user=person,
            role=Role.OWNER if number == 0 else Role.VIEWER,
        )
        for number, person in enumerate(people)
    )
    return people


def _documents(organization: Organization, collection: Collection, count: int) -> list[Document]:
    documents = Document.unscoped.bulk_create(
        Document(
            organization=organization, collection=collection, name=f"Circulaire {number:04}.pdf"
        )
        for number in range(count)
    )
    versions = DocumentVersion.unscoped.bulk_create(
        DocumentVersion(
            organization=organization,
            document=document,
            sha256=f"{number:064x}",
            bytes=200_000 + number,
            media_type="application/pdf",
            state=STATES[number % len(STATES)],
            reason="The file is encrypted." if STATES[number % len(STATES)] == "failed" else "",
            language="fr",
            page_count=12,
            chunk_count=30,
            finished_at=timezone.now(),
        )
        for number, document in enumerate(documents)
    )
    for document, version in zip(documents, versions, strict=True):
        document.latest_version = version
        document.active_version = version if version.state == "ready" else None
    Document.unscoped.bulk_update(documents, ["latest_version", "active_version"], batch_size=200)
    text = PARAGRAPH * 600
    page = len(text) // 12
    DocumentText.objects.create(
        version=versions[0],
        text=text,
        pages=[[number + 1, number * page, (number + 1) * page] for number in range(12)],
    )
    return documents


def _apps(
    organization: Organization, collections: list[Collection], count: int, owner: User
) -> list[App]:
    from altiplano.studio.pipeline_templates import CHAT
    from altiplano.studio.pipelines import to_stored

    pipeline = to_stored(CHAT.stages)
    apps = []
    for number in range(count):
        app = App.unscoped.create(
            organization=organization,
            name=f"Assistant {number}",
            slug=f"assistant-{number}",
            draft_pipeline=pipeline,
        )
        app.collections.add(*collections[:3])
        for version in range(1, 11):
            app.published_version = AppVersion.unscoped.create(
                organization=organization,
                app=app,
                number=version,
                pipeline=pipeline,
                collection_ids=[str(each.id) for each in collections[:3]],
                created_by=owner,
            )
        app.save(update_fields=["published_version"])
        apps.append(app)
    AppSharing.unscoped.create(organization=organization, app=apps[0], is_public=True)
    return apps


def _runs(
    organization: Organization,
    apps: list[App],
    people: list[User],
    count: int,
    document: Document,
    chance: random.Random,
) -> Run:
    """Runs over the last days, counted; the owner's newest one has an answer with citations."""
    conversations = Conversation.unscoped.bulk_create(
        Conversation(
            organization=organization,
            app=chance.choice(apps),
            user=people[0],
            title=f"How long does compost take to mature, number {number}?",
        )
        for number in range(200)
    )
    runs = [_run(organization, chance, apps, people, at) for at in _moments(count, chance)]
    for run, conversation in zip(runs, conversations, strict=False):
        run.conversation, run.app, run.user = conversation, conversation.app, people[0]
    last = runs[0]
    last.app, last.conversation.app = apps[0], apps[0]
    last.conversation.save(update_fields=["app"])
    Run.unscoped.bulk_create(runs, batch_size=2000)
    Answer.objects.bulk_create(
        (
            Answer(run=run, text=PARAGRAPH * 3 + "[1]", prompt_tokens=900, completion_tokens=60)
            for run in runs
        ),
        batch_size=2000,
    )
    Citation.objects.create(
        run=last, ordinal=1, n=1, chunk_id=1, document_id=document.id,
        document_name=document.name, page=1, start=0, end=60, quote=PARAGRAPH.strip(),
        answer_start=0, answer_end=60,
    )  # fmt: skip
    count_runs(_ended(run, chance) for run in runs)
    return last


def _moments(count: int, chance: random.Random) -> Iterator[datetime]:
    now = timezone.now()
    return (now - timedelta(days=DAYS * chance.random()) for _ in range(count))


def _run(
    organization: Organization,
    chance: random.Random,
    apps: list[App],
    people: list[User],
    at: datetime,
) -> Run:
    return Run(
        organization=organization,
        app=chance.choice(apps),
        user=chance.choice(people),
        door=chance.choice(Door.values),
        question="How long does compost take to mature?",
        spec={"pipeline": {}, "collections": [], "endpoint": ""},
        state="finished" if chance.random() > 0.02 else "cancelled",
        created_at=at,
        finished_at=at,
    )


def _ended(run: Run, chance: random.Random) -> EndedRun:
    return EndedRun(
        organization_id=run.organization_id,
        app_id=run.app_id,
        user_id=run.user_id,
        door=run.door,
        asked_at=run.created_at,
        state=run.state,
        is_abstained=chance.random() < 0.1,
        prompt_tokens=900,
        completion_tokens=60,
        first_word_ms=chance.lognormvariate(6.5, 0.6),
    )


def _history(organization: Organization, owner: User) -> None:
    AuditEvent.objects.bulk_create(
        AuditEvent(
            organization_id=organization.id,
            actor_id=owner.id,
            actor_label=owner.email,
            action="member.role_changed",
            object_type="membership",
            object_id=str(owner.id),
            data={"email": f"person{number}@academie.example", "role": "viewer"},
        )
        for number in range(2000)
    )


def count_many(organization_id: Any, apps: list[Any], people: list[Any], runs: int) -> None:
    """Counts of so many runs that are not stored themselves."""
    chance = random.Random(11)
    for start in range(0, runs, 50_000):
        count_runs(
            EndedRun(
                organization_id=organization_id,
                app_id=chance.choice(apps),
                user_id=chance.choice(people),
                door=chance.choice(Door.values),
                asked_at=at,
                state="finished",
                prompt_tokens=900,
                completion_tokens=60,
                first_word_ms=chance.lognormvariate(6.5, 0.6),
            )
            for at in _moments(min(50_000, runs - start), chance)
        )

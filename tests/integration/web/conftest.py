"""Pages with something on them: Alice's collection, her app, and an answer with its sources."""

from dataclasses import dataclass

import polib
import pytest

from altiplano.knowledge.models import (
    Collection,
    Document,
    DocumentState,
    DocumentText,
    DocumentVersion,
)
from altiplano.runs.models import Answer, Citation, Run, RunState
from altiplano.studio.models import App, AppSharing, AppVersion
from tests.factories.studio import AppFactory, CollectionFactory
from tests.messages import CATALOGUE

TEXT = "Composting.\n\nA heap that is turned every week is mature after six months."
QUOTE = "A heap that is turned every week is mature after six months."


@pytest.fixture(scope="session", autouse=True)
def french_catalogue():
    """The compiled catalogue, as ``make`` leaves it before tests and before the platform starts."""
    compiled = CATALOGUE.with_suffix(".mo")
    if not compiled.exists() or compiled.stat().st_mtime < CATALOGUE.stat().st_mtime:
        polib.pofile(str(CATALOGUE)).save_as_mofile(str(compiled))


def make_document(collection: Collection, name: str, state: str, **fields) -> Document:
    organization = collection.organization
    document = Document.unscoped.create(organization=organization, collection=collection, name=name)
    version = DocumentVersion.unscoped.create(
        organization=organization, document=document, sha256="a" * 64, bytes=2048,
        media_type="text/plain", state=state, **fields,
    )  # fmt: skip
    document.latest_version = version
    if state == DocumentState.READY:
        document.active_version = version
        DocumentText.objects.create(version=version, text=TEXT, pages=[[1, 0, 13], [2, 13, 74]])
    document.save()
    return document


@dataclass(frozen=True, slots=True)
class Garden:
    collection: Collection
    document: Document
    app: App
    run: Run


@pytest.fixture
def garden(alice) -> Garden:
    collection = CollectionFactory(organization=alice.organization, name="School garden")
    document = make_document(
        collection, "composting.pdf", DocumentState.READY, page_count=2, language="en"
    )
    app = AppFactory(organization=alice.organization, name="Garden assistant", slug="garden")
    app.collections.add(collection)
    version = AppVersion.unscoped.create(
        organization=alice.organization, app=app, number=1, pipeline=app.draft_pipeline,
        collection_ids=[str(collection.id)],
    )  # fmt: skip
    app.published_version = version
    app.save()
    run = Run.unscoped.create(
        organization=alice.organization, app=app, version=version, user=alice.user,
        question="How long does compost take?", spec={}, state=RunState.FINISHED,
    )  # fmt: skip
    Answer.objects.create(run=run, text="It is mature after six months [1].")
    start = TEXT.index(QUOTE)
    Citation.objects.create(
        run=run, ordinal=1, n=1, chunk_id=1, document_id=document.id, document_name=document.name,
        page=2, start=start, end=start + len(QUOTE), quote=QUOTE, answer_start=0, answer_end=34,
    )  # fmt: skip
    return Garden(collection, document, app, run)


@pytest.fixture
def sharing(garden) -> AppSharing:
    """The garden's app is open to everybody, and to two websites."""
    return AppSharing.unscoped.create(
        organization=garden.app.organization,
        app=garden.app,
        is_public=True,
        domains=["www.school.example", "localhost:8671"],
    )

"""Documents on a disk of their own, read and indexed by the real tasks in the test's process."""

from collections.abc import Callable
from pathlib import Path

import pytest
from django.utils import timezone

from altiplano.kernel.models import Job, JobState
from altiplano.knowledge.domain.collections import create_collection
from altiplano.knowledge.domain.receiving import Upload, receive_documents
from altiplano.knowledge.models import Collection, Document
from altiplano_worker.runtime.loader import LoadedPlugin, PluginRegistry, installed_plugins
from altiplano_worker.tasks import index, ingest, loading, stores
from tests.cast import Member
from tests.fakes.embedders import Config, WordsEmbedder

TASKS = (
    ingest.parse_document,
    ingest.read_again,
    index.index_collection,
    index.compact_index,
    loading.load_source,
)


@pytest.fixture(autouse=True)
def storage(tmp_path, settings) -> Path:
    """Blobs, uploads and indexes of this test alone."""
    settings.BLOB_ROOT = tmp_path / "blobs"
    settings.INDEX_ROOT = tmp_path / "indexes"
    settings.UPLOAD_ROOT = tmp_path / "uploads"
    settings.FILE_UPLOAD_TEMP_DIR = tmp_path / "uploads"
    settings.UPLOAD_ROOT.mkdir()
    return tmp_path


@pytest.fixture(autouse=True)
def words(monkeypatch):
    """The fake embedder is installed; stores and embedders of other tests are forgotten."""
    real = installed_plugins()
    plugin = LoadedPlugin(WordsEmbedder.manifest, WordsEmbedder, Config)
    plugins = {**real.plugins, (plugin.manifest.kind, "words"): plugin}
    monkeypatch.setattr(stores, "installed_plugins", lambda: PluginRegistry(plugins))
    monkeypatch.setattr(stores, "open_stores", stores.OpenStores())
    for module in ("indexing", "compaction", "open_collections", "succession"):
        monkeypatch.setattr(f"altiplano_worker.tasks.{module}.open_stores", stores.open_stores)
    stores._make_embedder.cache_clear()
    WordsEmbedder.calls.clear()
    yield WordsEmbedder
    stores._make_embedder.cache_clear()


@pytest.fixture(scope="session", autouse=True)
def reader():
    """The child that parses is shared by all tests and gone after them."""
    yield
    ingest.close_parser()


@pytest.fixture
def collection(alice) -> Collection:
    return make_collection(alice, "School")


def make_collection(member: Member, name: str, **extra) -> Collection:
    return create_collection(principal=member.principal, name=name, embedder="words", **extra)


@pytest.fixture
def upload(tmp_path) -> Callable[..., list[Document]]:
    """Hands files in as the portal does: name and content, or a path that was written."""
    folder = tmp_path / "sent"
    folder.mkdir()

    def send(
        member: Member, collection: Collection, *files: tuple[str, str | bytes | Path]
    ) -> list[Document]:
        uploads = []
        for number, (name, content) in enumerate(files):
            path = content if isinstance(content, Path) else folder / f"{number}"
            if isinstance(content, str):
                path.write_text(content, "utf-8")
            elif isinstance(content, bytes):
                path.write_bytes(content)
            uploads.append(Upload(name, path, path.stat().st_size))
        return receive_documents(
            principal=member.principal, collection_id=collection.id, uploads=uploads
        )

    return send


def run_jobs(*, limit: int = 100, is_partial: bool = False) -> int:
    """Workers do all that waits, paused retries included; how many jobs that took.

    With ``is_partial`` they stop after ``limit`` jobs.
    """
    for done in range(limit):
        Job.objects.filter(state=JobState.QUEUED).update(run_after=timezone.now())
        waiting = Job.objects.filter(state=JobState.QUEUED).order_by("created_at").first()
        if waiting is None:
            return done
        next(task for task in TASKS if task.name == waiting.task)(str(waiting.id))
    if is_partial:
        return limit
    raise AssertionError(f"still at work after {limit} jobs")


def latest(document: Document):
    document.refresh_from_db()
    return document.latest_version

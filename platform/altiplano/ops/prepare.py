"""What must be true of the database before any process serves from it."""

from collections.abc import Iterator

from django.core.management import call_command
from django.db import connection
from django.db.migrations.executor import MigrationExecutor

from altiplano.accounts.domain.legal import ensure_templates
from altiplano.kernel.jobs import create_job
from altiplano.kernel.models import Heartbeat
from altiplano.knowledge.index_files import index_directory
from altiplano.knowledge.models import Chunk, Collection
from altiplano.knowledge.specs import IndexCollection
from altiplano.ops.health import QUEUES
from altiplano.ops.signals_of_life import ask_for_heartbeats
from altiplano.serving.domain.endpoints import ensure_default_endpoint


def prepare_database() -> Iterator[str]:
    """The schema is current and the default model is the one the environment names.

    Yields a line for people per thing done. Proofs of life of an earlier run are forgotten, and
    new ones asked for, so that readiness speaks of the workers that start now. A collection whose
    index files are gone (a restored backup has none) waits to be indexed again. The legal texts that
    we ship are there as drafts, which bind nobody.
    """
    waiting = pending_migrations()
    if waiting:
        call_command("migrate", interactive=False, verbosity=0)
        yield f"applied {waiting} database migrations"
    endpoint = ensure_default_endpoint()
    yield f"default model: {endpoint}" if endpoint else "no default model is configured"
    drafts = ensure_templates()
    if drafts:
        yield f"{drafts} templates of legal texts wait as drafts in the dashboard"
    rebuilt = rebuild_missing_indexes()
    if rebuilt:
        yield f"{rebuilt} search indexes will be rebuilt from the database"
    Heartbeat.objects.filter(name__in=[f"queue:{queue}" for queue in QUEUES]).delete()
    ask_for_heartbeats()


def pending_migrations() -> int:
    executor = MigrationExecutor(connection)
    return len(executor.migration_plan(executor.loader.graph.leaf_nodes()))


def rebuild_missing_indexes() -> int:
    """How many collections had indexed chunks but no index files; each has a job now."""
    indexed = Chunk.unscoped.filter(is_indexed=True).order_by().values("collection_id").distinct()
    collections = Collection.unscoped.filter(id__in=indexed)
    lost = [one for one in collections if not index_directory(one.id, one.index_series).exists()]
    for collection in lost:
        create_job(IndexCollection(collection.id), organization_id=collection.organization_id)
    return len(lost)

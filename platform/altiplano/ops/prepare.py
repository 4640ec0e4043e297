"""What must be true of the database before any process serves from it."""

from collections.abc import Iterator

from django.core.management import call_command
from django.db import connection
from django.db.migrations.executor import MigrationExecutor

from altiplano.kernel.models import Heartbeat
from altiplano.ops.health import QUEUES
from altiplano.ops.signals_of_life import ask_for_heartbeats
from altiplano.serving.domain.endpoints import ensure_default_endpoint


def prepare_database() -> Iterator[str]:
    """The schema is current and the default model is the one the environment names.

    Yields a line for people per thing done. Proofs of life of an earlier run are forgotten, and
    new ones asked for, so that readiness speaks of the workers that start now.
    """
    waiting = pending_migrations()
    if waiting:
        call_command("migrate", interactive=False, verbosity=0)
        yield f"applied {waiting} database migrations"
    endpoint = ensure_default_endpoint()
    yield f"default model: {endpoint}" if endpoint else "no default model is configured"
    Heartbeat.objects.filter(name__in=[f"queue:{queue}" for queue in QUEUES]).delete()
    ask_for_heartbeats()


def pending_migrations() -> int:
    executor = MigrationExecutor(connection)
    return len(executor.migration_plan(executor.loader.graph.leaf_nodes()))

"""Jobs and tasks: each spec has its task, each task its settings, and nothing waits forever."""

import inspect

import pytest

from altiplano.catalog import specs as catalog_specs
from altiplano.config.celery import TRANSPORT_OPTIONS, client
from altiplano.kernel.jobs import JobSpec
from altiplano.knowledge import specs
from altiplano.runs import jobs as run_jobs
from altiplano_worker import tasks
from altiplano_worker.app import HARD_TIME_LIMIT, app
from altiplano_worker.tasks.upkeep import FAIL_SUBJECT
from tests.architecture.sources import production_files

SPECS = list(
    # Keyed by name: a dataclass with slots leaves a first class of that name behind.
    {
        cls.task: cls for cls in JobSpec.__subclasses__() if cls.__module__.startswith("altiplano.")
    }.values()
)
QUEUES = {"runs", "ingest", "index", "checks", "upkeep"}


def test_every_spec_in_the_source_is_known_here():
    written = {
        str(path): count
        for path in production_files()
        if (count := path.read_text(encoding="utf-8").count("(JobSpec)"))
    }
    assert set(written) == {
        inspect.getsourcefile(module) for module in (catalog_specs, specs, run_jobs)
    }
    assert sum(written.values()) == len(SPECS), "two specs name the same task"


@pytest.mark.parametrize("spec", SPECS, ids=lambda spec: spec.task)
def test_spec_has_a_task_that_takes_the_job_and_a_way_to_fail(spec):
    assert tasks
    task = app.tasks[spec.task]
    (parameter,) = inspect.signature(task.run).parameters.values()
    assert parameter.annotation in {str, "str"}, "messages are JSON: an id travels as text"
    assert spec.queue in QUEUES
    assert spec.task in FAIL_SUBJECT, "a job whose attempts all died must be told to its subject"


def test_nobody_waits_for_a_job_that_is_unknown():
    assert set(FAIL_SUBJECT) == {spec.task for spec in SPECS}


def test_workers_take_json_and_nothing_else():
    for celery in (app, client()):
        assert celery.conf.task_serializer == "json"
        assert celery.conf.accept_content == ["json"]
    assert app.conf.result_accept_content == ["json"]
    assert app.conf.task_ignore_result is True


def test_no_worker_holds_a_message_while_it_works():
    """The job's lease brings the work of a dead worker back, not its message; and a message that is
    not acknowledged when the broker goes away can take its worker along.
    """
    assert app.conf.task_acks_late is False
    assert app.conf.worker_disable_prefetch is True
    assert app.conf.worker_prefetch_multiplier == 1
    late = [name for name, task in app.tasks.items() if task.acks_late]
    assert late == []


def test_no_message_is_delivered_to_a_second_worker_while_the_first_works():
    assert app.conf.task_time_limit == HARD_TIME_LIMIT
    assert TRANSPORT_OPTIONS["visibility_timeout"] > HARD_TIME_LIMIT
    assert app.conf.broker_transport_options["visibility_timeout"] > HARD_TIME_LIMIT


def test_a_publisher_fails_fast_and_a_worker_never_gives_up():
    assert client().conf.task_publish_retry is False
    assert client().conf.broker_transport_options["max_retries"] == 1
    assert app.conf.broker_connection_max_retries is None
    assert app.conf.broker_connection_retry_on_startup is True


def test_schedule_names_tasks_that_are_there():
    for name, entry in app.conf.beat_schedule.items():
        assert entry["task"] in app.tasks, name
        assert entry["options"]["queue"] in QUEUES, name
        assert entry["options"]["expires"], f"{name} would pile up while nobody consumes"


def test_every_queue_proves_that_it_is_consumed():
    beaten = {
        entry["args"][0]
        for entry in app.conf.beat_schedule.values()
        if entry["task"] == "altiplano.kernel.beat"
    }
    assert beaten == QUEUES

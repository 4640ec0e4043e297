"""What watchers are told when everything works, and when one part does not."""

import uuid
from datetime import timedelta

import pytest
from django.test import override_settings
from django.utils import timezone

from altiplano.kernel.models import Heartbeat, Job
from altiplano.ops import health
from altiplano.serving.models import ModelEndpoint

pytestmark = pytest.mark.django_db


@pytest.fixture
def all_well(monkeypatch):
    """Broker and engine answer, every queue has just been consumed from."""

    async def good():
        return "Answers."

    monkeypatch.setattr(health, "check_broker", good)
    monkeypatch.setattr(health, "check_engine", good)
    now = timezone.now()
    Heartbeat.objects.bulk_create(
        Heartbeat(name=f"queue:{queue}", beaten_at=now) for queue in health.QUEUES
    )


def test_process_answers_without_asking_anybody(client, django_assert_num_queries):
    with django_assert_num_queries(0):
        reply = client.get("/healthz")

    assert (reply.status_code, reply.json()) == (200, {"status": "ok"})


@pytest.mark.usefixtures("all_well")
def test_ready_when_every_part_is(client):
    reply = client.get("/readyz")

    assert reply.status_code == 200
    assert reply.json()["status"] == "ready"
    assert set(reply.json()["parts"]) == {
        "database",
        "broker",
        "engine",
        *(f"queue:{queue}" for queue in health.QUEUES),
    }


@pytest.mark.usefixtures("all_well")
def test_not_ready_when_a_worker_has_stopped_consuming(client):
    Heartbeat.objects.filter(name="queue:ingest").update(
        beaten_at=timezone.now() - timedelta(seconds=46)
    )

    reply = client.get("/readyz")

    assert reply.status_code == 503
    bad = {name: part for name, part in reply.json()["parts"].items() if not part["ok"]}
    assert list(bad) == ["queue:ingest"]
    assert bad["queue:ingest"]["says"] == "No worker has taken anything from it for 45 seconds."


@pytest.mark.usefixtures("all_well")
@pytest.mark.parametrize(("lease", "is_there"), [(30, True), (-1, False)])
def test_worker_at_long_work_is_there_while_it_holds_its_job(alice, lease, is_there):
    now = timezone.now()
    Heartbeat.objects.filter(name="queue:ingest").delete()
    Job.objects.create(
        organization=alice.organization, task="read", queue="ingest", subject_id=uuid.uuid4(),
        state="running", lease_until=now + timedelta(seconds=lease), run_after=now, created_at=now,
    )  # fmt: skip
    assert health.queues_that_beat(["ingest"]) == {"ingest": is_there}


@pytest.mark.usefixtures("all_well")
def test_part_that_hangs_is_not_waited_for(client, monkeypatch):
    import asyncio

    monkeypatch.setattr(health, "CHECK_SECONDS", 0.05)
    monkeypatch.setattr(health, "check_engine", lambda: asyncio.sleep(60))

    reply = client.get("/readyz")

    assert reply.status_code == 503
    assert "Did not answer" in reply.json()["parts"]["engine"]["says"]


@override_settings(REDIS_URL="redis://:a-secret-word@127.0.0.1:1/0")
def test_broker_that_is_down_is_said_without_its_password(client):
    part = client.get("/readyz").json()["parts"]["broker"]

    assert part["ok"] is False
    assert "does not answer" in part["says"]
    assert "a-secret-word" not in client.get("/readyz").content.decode()


def test_platform_without_a_model_says_what_to_set(client):
    part = client.get("/readyz").json()["parts"]["engine"]

    assert part == {**part, "ok": False}
    assert "ALTIPLANO_ENGINE_URL" in part["says"]


def test_engine_that_cannot_be_reached_is_said(client):
    ModelEndpoint.objects.create(
        name="Model", base_url="http://127.0.0.1:1/v1", model="m", is_default=True
    )

    part = client.get("/readyz").json()["parts"]["engine"]

    assert part["ok"] is False
    assert "cannot be reached" in part["says"]


@pytest.mark.parametrize("path", ["/healthz", "/readyz", "/metrics"])
def test_watchers_change_nothing(client, path):
    assert client.post(path).status_code == 405

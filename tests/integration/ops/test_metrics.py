"""Numbers for Prometheus: what they count, and who may read them."""

import time
import uuid
from datetime import timedelta

import pytest
from django.test import RequestFactory, override_settings
from django.utils import timezone
from prometheus_client.parser import text_string_to_metric_families

from altiplano.kernel.ids import new_id
from altiplano.kernel.models import Heartbeat, Job
from altiplano.ops.interfaces.views import may_read_metrics
from altiplano.ops.metrics import first_id_at
from tests.factories.accounts import OrganizationFactory

pytestmark = pytest.mark.django_db


def samples(client, name):
    text = client.get("/metrics").content.decode()
    return {
        tuple(sample.labels.values()): sample.value
        for family in text_string_to_metric_families(text)
        for sample in family.samples
        if sample.name == name
    }


def make_job(queue, *, age):
    now = timezone.now()
    return Job.objects.create(
        organization=OrganizationFactory(),
        task="a.task",
        queue=queue,
        subject_id=uuid.uuid4(),
        run_after=now,
        created_at=now - timedelta(seconds=age),
    )


def test_waiting_jobs_are_counted_by_queue_with_the_age_of_the_oldest(client):
    make_job("ingest", age=100)
    make_job("ingest", age=10)

    assert samples(client, "altiplano_queue_jobs")[("ingest",)] == 2
    assert samples(client, "altiplano_queue_oldest_seconds")[("ingest",)] == pytest.approx(
        100, abs=5
    )


def test_empty_queues_are_zero_and_not_absent(client):
    assert samples(client, "altiplano_queue_jobs") == {
        ("index",): 0,
        ("ingest",): 0,
        ("runs",): 0,
        ("checks",): 0,
        ("upkeep",): 0,
    }


def test_age_of_each_heartbeat_is_told(client):
    Heartbeat.objects.create(name="queue:runs", beaten_at=timezone.now() - timedelta(seconds=30))

    ages = samples(client, "altiplano_heartbeat_age_seconds")

    assert ages[("queue:runs",)] == pytest.approx(30, abs=5)


def test_cost_does_not_grow_with_what_is_counted(client, django_assert_max_num_queries):
    for _ in range(5):
        make_job("runs", age=1)

    with django_assert_max_num_queries(10):
        client.get("/metrics")


def test_ids_of_later_rows_lie_above_the_border_of_their_moment():
    before = time.time()

    assert first_id_at(before - 1) < new_id() < first_id_at(before + 60)


@override_settings(METRICS_TOKEN="the-token")
@pytest.mark.parametrize(
    ("header", "allowed"),
    [
        ("Bearer the-token", True),
        ("Bearer another", False),
        ("the-token", False),
        ("", False),
        ("Bearer thé", False),
    ],
)
def test_token_opens_the_metrics_and_nothing_else_does(header, allowed):
    request = RequestFactory().get("/metrics", headers={"Authorization": header})

    assert may_read_metrics(request) is allowed


@override_settings(METRICS_TOKEN="")
@pytest.mark.parametrize(
    ("address", "headers", "allowed"),
    [
        ("127.0.0.1", {}, True),
        ("::1", {}, True),
        ("192.0.2.1", {}, False),
        ("127.0.0.1", {"X-Forwarded-For": "192.0.2.1"}, False),
        ("127.0.0.1", {"Forwarded": "for=192.0.2.1"}, False),
        ("", {}, False),
    ],
)
def test_without_a_token_only_this_machine_reads_the_metrics(address, headers, allowed):
    request = RequestFactory().get("/metrics", headers=headers, REMOTE_ADDR=address)

    assert may_read_metrics(request) is allowed


@override_settings(METRICS_TOKEN="the-token")
def test_stranger_sees_no_metrics_at_all(client):
    assert client.get("/metrics").status_code == 404

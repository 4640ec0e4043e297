"""The overview tells operators how each machine holds plugins from outside."""

from datetime import timedelta

import pytest
from django.core.cache import caches
from django.test import Client
from django.utils import timezone

from altiplano.accounts.models import AuditEvent, User
from altiplano.catalog.domain.quarantine import end_quarantine
from altiplano.ops import overview as figures
from altiplano.ops.health import Readiness
from altiplano.ops.models import SandboxReport
from altiplano.ops.sandboxes import KEPT, read_sandboxes, store_sandbox_report
from altiplano_worker.runtime.sandbox.levels import SandboxLevel
from altiplano_worker.runtime.sandbox.selftest import Door, SandboxStatus
from tests.factories.accounts import OrganizationFactory
from tests.factories.packages import QuarantineFactory, publish

pytestmark = pytest.mark.django_db

CLOSED = SandboxStatus(SandboxLevel.BUBBLEWRAP, (Door("files", closed=True),)).as_json()
OPEN = SandboxStatus(
    SandboxLevel.NONE, (Door("files", closed=False, detail="/"), Door("memory", closed=True))
).as_json()
MISSING = SandboxStatus(None, problem="This machine has no sandbox.").as_json()


@pytest.fixture
def page(monkeypatch):
    """The overview as an operator sees it."""
    caches["near"].clear()

    async def readiness():
        return Readiness(())

    monkeypatch.setattr(figures, "check_readiness", readiness)
    client = Client()
    client.force_login(User.objects.create_superuser("operator@example.org"))
    yield lambda: " ".join(client.get("/admin/").content.decode().split())
    caches["near"].clear()


def test_report_replaces_the_one_before_it():
    store_sandbox_report("llama", OPEN)
    store_sandbox_report("llama", CLOSED)
    (state,) = read_sandboxes()
    assert (state.machine, state.level, state.open_doors) == ("llama", "bubblewrap", ())
    assert state.is_closed


def test_open_doors_and_a_missing_sandbox_are_not_closed():
    store_sandbox_report("alpaca", OPEN)
    store_sandbox_report("vicuna", MISSING)
    alpaca, vicuna = read_sandboxes()
    assert alpaca.open_doors == ("files",)
    assert vicuna.problem == "This machine has no sandbox."
    assert not alpaca.is_closed
    assert not vicuna.is_closed


def test_machines_long_gone_are_forgotten():
    store_sandbox_report("old", CLOSED)
    SandboxReport.objects.update(checked_at=timezone.now() - KEPT - timedelta(days=1))
    store_sandbox_report("new", CLOSED)
    assert [state.machine for state in read_sandboxes()] == ["new"]


def test_overview_tells_level_and_open_doors(page):
    store_sandbox_report("llama", CLOSED)
    store_sandbox_report("alpaca", OPEN)
    store_sandbox_report("<b>vicuna</b>", MISSING)
    text = page()
    assert "All doors are closed (bubblewrap)." in text
    assert "Open doors: files (none)." in text
    assert "This machine has no sandbox." in text
    assert "<b>vicuna</b>" not in text


def test_overview_tells_what_stopped_too_often_and_staff_have_it_tried_again(page):
    assert "Everything works." in page()
    release = publish("glossary-guard")
    where = OrganizationFactory(name="Blue River")
    row = QuarantineFactory(organization=where, package=release.package, digest=release.digest)
    text = page()
    assert "Everything works." not in text
    assert "plugin glossary-guard 1.0.0" in text
    assert "Left alone in Blue River until" in text
    assert "its process stopped 5 times, and last it stopped unexpectedly." in text
    assert f"/admin/catalog/quarantine/{row.pk}/change/" in text
    for _ in range(2):
        end_quarantine(actor=User.objects.get(), quarantine_id=row.pk)
    assert "Everything works." in page()
    (event,) = AuditEvent.objects.filter(action="plugin.tried_again")
    assert (event.organization_id, event.actor_label) == (where.id, "operator@example.org")

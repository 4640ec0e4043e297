"""What the dashboard reads from rows, it says in the operator's language too."""

import html
import re

import pytest
from django.apps import apps
from django.test import Client
from django.urls import get_resolver
from django.utils import timezone, translation

from altiplano.accounts.models import User
from altiplano.kernel.ids import new_id
from altiplano.kernel.models import Job, JobState
from altiplano.knowledge.source_models import Source
from altiplano.ops import overview
from altiplano.ops.health import PartHealth, Readiness
from altiplano.ops.interfaces.names import AREAS
from tests.factories.accounts import OrganizationFactory

pytestmark = pytest.mark.django_db


@pytest.fixture
def operator(db) -> Client:
    assert get_resolver().url_patterns  # which is what registers the pages
    client = Client()
    client.force_login(User.objects.create_superuser("operator@example.org"))
    client.cookies["django_language"] = "fr"
    return client


@pytest.fixture
def failed(db) -> Job:
    now = timezone.now()
    return Job.objects.create(
        organization=OrganizationFactory(),
        task="altiplano.knowledge.parse_document",
        queue="ingest",
        subject_id=new_id(),
        state=JobState.FAILED,
        reason="The file took longer than 30 seconds to read.",
        run_after=now,
        created_at=now,
        finished_at=now,
    )


def words_of(client: Client, address: str) -> str:
    page = client.get(address).content.decode()
    return " ".join(html.unescape(re.sub(r"<[^>]*>", " ", page)).split())


def test_failed_job_is_told_in_french(operator, failed):
    for address in ("/admin/kernel/job/", f"/admin/kernel/job/{failed.pk}/change/"):
        said = words_of(operator, address)
        assert "a dépassé 30 secondes" in said, address
        assert "longer than" not in said, address
    listed = words_of(operator, "/admin/kernel/job/")
    assert "lire un document" in listed
    assert "parse_document" in listed, "the filter names tasks as the logs do"


def test_a_jobs_page_says_what_it_does_with_the_codes_name_beside(operator, failed):
    said = words_of(operator, f"/admin/kernel/job/{failed.pk}/change/")
    assert f"Lire un document {failed.subject_id} (échec)" in said
    assert "Lire un document, échec altiplano.knowledge.parse_document" in said


def test_rights_are_named_in_french(operator):
    page = html.unescape(operator.get("/admin/auth/group/add/").content.decode())
    assert "Travail en arrière-plan · tâches · consulter" in page
    assert "Peut mettre en pause, laisser se vider et rouvrir les files" in page
    for english in ("Can add", "Can change", "Can delete", "Can view", "Can pause"):
        assert english not in page


def test_reasons_are_sorted_as_they_are_stored(operator, failed):
    answer = operator.get("/admin/kernel/job/?o=3")
    assert answer.status_code == 200
    assert "a dépassé 30 secondes" in html.unescape(answer.content.decode())


def test_rows_are_titled_in_french(operator, failed):
    with translation.override("fr"):
        assert str(failed).endswith("(échec)")
    assert "(échec)" in words_of(operator, f"/admin/kernel/job/{failed.pk}/change/")


@pytest.mark.parametrize(
    ("name", "label"),
    [("database", "base de données"), ("engine", "moteur"), ("queue:runs", "file runs")],
)
def test_parts_of_the_platform_have_french_names(name, label):
    part = PartHealth(name, ok=True, says="Answers.")
    with translation.override("fr"):
        assert part.label == label
    assert part.as_json() == {"ok": True, "says": "Answers.", "took_ms": 0.0}


@pytest.mark.parametrize(
    ("says", "french"),
    [
        ("Llama 3 answers.", "Llama 3 répond."),
        ("No worker has taken anything from it for 45 seconds.", "pris depuis 45 s"),
        ("The engine refuses the key (HTTP 401).", "refuse la clé (HTTP 401)"),
    ],
)
def test_what_parts_say_of_themselves_is_french(operator, monkeypatch, says, french):
    found = Readiness((PartHealth("engine", ok=True, says=says),))
    monkeypatch.setattr(overview, "read_readiness", lambda: found)
    said = words_of(operator, "/admin/")
    assert french in said
    assert says not in said


def test_no_column_is_left_to_the_name_of_its_field(operator):
    unshown = {"digest", "next_vector", "sealed_key", "sealed_secrets", "vector"}
    left = {
        (model.__name__, field.name)
        for config in apps.get_app_configs()
        if config.name.startswith("altiplano.") or config.label in AREAS
        for model in config.get_models()
        for field in (*model._meta.local_fields, *model._meta.local_many_to_many)
        if isinstance(field.verbose_name, str)
        and field.verbose_name == field.name.replace("_", " ")
        and field.name not in unshown
    }
    assert left == set()


def test_columns_of_a_source_have_names_of_their_own(operator):
    with translation.override("fr"):
        said = {each.name: str(each.verbose_name) for each in Source._meta.fields}
    assert said["next_at"] == "prochaine fois"
    assert said["repeat"] == "répété"
    assert said["same_count"] == "documents inchangés"


def test_key_of_a_tool_server_is_a_field_one_can_see(operator):
    page = operator.get("/admin/serving/toolserver/add/").content.decode()
    field = re.search(r"<input[^>]*name=\"key\"[^>]*>", page)
    assert field
    assert 'type="password"' in field[0]
    assert "border" in field[0]

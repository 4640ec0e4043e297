"""The API says its errors in the language that was asked for, and in English otherwise."""

import pytest

from altiplano.knowledge.models import DocumentState
from altiplano.runs.models import Run, RunState
from tests.factories.studio import AppFactory, CollectionFactory
from tests.integration.web.conftest import make_document

FRENCH = {"headers": {"Accept-Language": "fr-CA,fr;q=0.9,en;q=0.5"}}
REASON = "The file took longer than 30 seconds to read."


@pytest.mark.parametrize(
    ("path", "english", "french"),
    [
        ("apps/nonsense", "There is no such app in your organization.", "Introuvable dans votre"),
        (
            "nothing-here",
            "There is nothing at this address.",
            "Il n\u2019y a rien à cette adresse.",
        ),
    ],
)
def test_detail_is_in_the_language_that_was_asked_for(alice, path, english, french):
    assert alice.api.get(f"/api/v1/{path}").json()["detail"] == english
    said = alice.api.get(f"/api/v1/{path}", **FRENCH)
    assert said.json()["detail"].startswith(french)
    assert said.headers["Content-Language"] == "fr"


def test_fields_and_limits_are_in_the_language_that_was_asked_for(alice):
    body = {"name": "x" * 300}
    said = alice.api.post("/api/v1/apps", body, content_type="application/json", **FRENCH).json()
    assert said["detail"] == "«\u00a0name\u00a0»\u00a0: le texte compte au plus 200 caractères."
    assert said["fields"] == {"name": "le texte compte au plus 200 caractères"}
    blank = alice.api.post("/api/v1/apps", {"name": " "}, content_type="application/json", **FRENCH)
    assert blank.json()["fields"] == {"name": "est vide"}
    unknown = alice.api.post("/api/v1/apps", {"x": 1}, content_type="application/json", **FRENCH)
    assert "ce champ n\u2019existe pas" in unknown.json()["fields"].values()


def test_unknown_language_is_answered_in_english(alice):
    said = alice.api.get("/api/v1/apps/nonsense", headers={"Accept-Language": "tlh, xx-invalid"})
    assert said.json()["detail"] == "There is no such app in your organization."


def test_stored_reason_of_a_document_is_translated_when_it_is_read(alice):
    collection = CollectionFactory(organization=alice.organization)
    document = make_document(
        collection, "slow.pdf", DocumentState.FAILED, reason=REASON, reason_code="parse_time"
    )
    address = f"/api/v1/documents/{document.id}"
    assert alice.api.get(address).json()["reason"] == REASON
    said = alice.api.get(address, **FRENCH).json()
    assert said["reason"] == "La lecture du fichier a dépassé 30 secondes."
    document.latest_version.refresh_from_db()
    assert document.latest_version.reason == REASON


def test_stored_error_of_a_run_is_translated_when_it_is_read(alice):
    app = AppFactory(organization=alice.organization)
    run = Run.unscoped.create(
        organization=alice.organization, app=app, user=alice.user, question="Why?", spec={},
        state=RunState.FAILED, error_code="budget_exceeded",
        error_message="The answer took longer than the 60 seconds it was given.",
    )  # fmt: skip
    address = f"/api/v1/runs/{run.id}"
    assert alice.api.get(address).json()["error"]["message"] == run.error_message
    said = alice.api.get(address, **FRENCH).json()["error"]
    assert said == {
        "code": "budget_exceeded",
        "message": "La réponse a dépassé son délai de 60\u00a0s.",
    }


def test_upload_in_french_is_stored_in_english(alice, tmp_path):
    collection = CollectionFactory(organization=alice.organization)
    picture = tmp_path / "a.png"
    picture.write_bytes(b"\x89PNG\r\n\x1a\n" + bytes(40))
    address = f"/api/v1/collections/{collection.id}/documents"
    with picture.open("rb") as file:
        said = alice.api.post(address, {"file": file}, **FRENCH)
    document = collection.documents.get()
    assert document.latest_version.reason.startswith("The file seems to be a picture (PNG). PDF,")
    shown = alice.api.get(f"/api/v1/documents/{said.json()[0]['id']}", **FRENCH).json()
    assert shown["reason"].startswith("Le fichier semble être une image (PNG). Les fichiers PDF,")

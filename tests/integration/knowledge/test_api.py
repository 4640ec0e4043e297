"""The REST rows of collections and documents, as the contract says them."""

import json
import uuid

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile

from altiplano.knowledge.models import Collection, Document, DocumentState, DocumentVersion
from tests.integration.knowledge.conftest import make_collection, run_jobs

pytestmark = pytest.mark.django_db

API = "/api/v1"
TEXT = "Beans climb up the poles in June."


def send(member, collection, *files: tuple[str, bytes]):
    parts = [SimpleUploadedFile(name, content) for name, content in files]
    return member.api.post(f"{API}/collections/{collection.id}/documents", {"file": parts})


def test_collection_is_made_shown_changed_and_deleted(alice):
    made = alice.api.post(
        f"{API}/collections", {"name": "  School  "}, content_type="application/json"
    )
    assert made.status_code == 201
    body = made.json()
    assert {key: body[key] for key in ("name", "documents", "chunks", "bytes", "state")} == {
        "name": "School",
        "documents": 0,
        "chunks": 0,
        "bytes": 0,
        "state": "empty",
    }
    at = f"{API}/collections/{body['id']}"
    assert alice.api.get(at).json() == body
    changed = alice.api.patch(
        at, {"name": "Schools", "language": "FR"}, content_type="application/json"
    )
    assert (changed.json()["name"], changed.json()["language"]) == ("Schools", "fr")
    assert [each["name"] for each in alice.api.get(f"{API}/collections").json()] == ["Schools"]
    assert alice.api.delete(at).status_code == 204
    assert alice.api.get(at).status_code == 404


@pytest.mark.parametrize(
    "body",
    [
        {},
        {"name": ""},
        {"name": "   "},
        {"name": "x" * 201},
        {"name": 5},
        {"name": "a", "language": "english"},
        {"name": "a", "organization": "b"},
    ],
)
def test_nonsense_makes_no_collection(alice, body):
    reply = alice.api.post(f"{API}/collections", body, content_type="application/json")
    assert reply.status_code in {400, 422}
    assert reply.json()["code"] == "invalid"
    assert reply.json()["detail"]
    assert not Collection.unscoped.exists()


@pytest.mark.parametrize("name", ["School", "Sch\u202eool\u200b"])
def test_name_that_is_taken_is_a_conflict_and_said_as_people_see_it(alice, collection, name):
    body = {"name": name}
    other = make_collection(alice, "Other")
    for reply in (
        alice.api.post(f"{API}/collections", body, content_type="application/json"),
        alice.api.patch(f"{API}/collections/{other.id}", body, content_type="application/json"),
    ):
        assert (reply.status_code, reply.json()["code"]) == (409, "name_taken")
        assert "“School”" in reply.json()["detail"]


def test_upload_answers_at_once_and_the_document_tells_how_far_it_is(alice, collection):
    reply = send(alice, collection, ("beans.txt", TEXT.encode()), ("empty.txt", b" "[:0]))
    assert reply.status_code == 202
    good, bad = reply.json()
    assert good == {"id": good["id"], "name": "beans.txt", "state": "queued"}
    assert bad["state"] == "failed"
    at = f"{API}/documents/{good['id']}"
    assert alice.api.get(at).json()["progress"] == 0
    assert alice.api.get(f"{at}/text").json()["code"] == "no_text"
    run_jobs()
    shown = alice.api.get(at).json()
    expected = {
        "id": good["id"],
        "name": "beans.txt",
        "state": "ready",
        "reason": "",
        "progress": 1.0,
        "pages": 1,
        "chunks": 1,
        "bytes": len(TEXT),
        "language": "en",
    }
    assert {key: shown[key] for key in expected} == expected
    assert alice.api.get(f"{at}/text").json() == {"text": TEXT}
    assert "empty" in alice.api.get(f"{API}/documents/{bad['id']}").json()["reason"]
    summary = alice.api.get(f"{API}/collections/{collection.id}").json()
    assert (summary["documents"], summary["chunks"], summary["state"]) == (2, 1, "ready")
    (version,) = alice.api.get(f"{at}/versions").json()
    assert (version["number"], version["is_answering"]) == (1, True)


def test_upload_of_nothing_is_said(alice, collection):
    for reply in (
        alice.api.post(f"{API}/collections/{collection.id}/documents", {"other": "field"}),
        alice.api.post(
            f"{API}/collections/{collection.id}/documents", "text", content_type="text/plain"
        ),
    ):
        assert (reply.status_code, reply.json()["code"]) == (400, "no_file")


@pytest.mark.parametrize("many", [3, 4])
def test_too_many_files_are_refused_with_the_limit(alice, collection, settings, storage, many):
    settings.MAX_FILES_PER_UPLOAD = settings.DATA_UPLOAD_MAX_NUMBER_FILES = 2
    reply = send(alice, collection, *((f"{n}.txt", b"text") for n in range(many)))
    assert (reply.status_code, reply.json()["code"]) == (413, "too_many_files")
    assert reply.json()["detail"] == "Send at most 2 files at once."
    assert list((storage / "uploads").iterdir()) == []


def test_too_large_upload_is_cut_off_and_said(alice, collection, settings, storage):
    settings.MAX_DOCUMENT_BYTES = 100_000
    reply = send(alice, collection, ("huge.txt", b"x" * 400_000))
    assert (reply.status_code, reply.json()["code"]) == (413, "too_large")
    assert "97.7 kB" in reply.json()["detail"]
    reply = send(alice, collection, ("huge.txt", b"x" * 400_000), ("s.txt", b"small"))
    assert [each["state"] for each in reply.json()] == ["failed", "queued"]
    assert list((storage / "uploads").iterdir()) == []


def test_full_disk_while_the_upload_arrives_is_a_507(alice, collection, monkeypatch):
    def full(self, data, start):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(
        "django.core.files.uploadhandler.TemporaryFileUploadHandler.receive_data_chunk", full
    )
    reply = send(alice, collection, ("a.txt", b"text"))
    assert (reply.status_code, reply.json()["code"]) == (507, "storage_full")
    assert not Document.unscoped.exists()


def test_url_is_taken_as_json_and_nothing_else_in_it(alice, collection):
    at = f"{API}/collections/{collection.id}/documents"
    reply = alice.api.post(
        at, {"url": "https://example.org/a.pdf"}, content_type="application/json"
    )
    assert (reply.status_code, reply.json()[0]["name"]) == (202, "a.pdf")
    for body, status in (
        ({}, 422),
        ({"url": "https://example.org/a.pdf", "more": 1}, 422),
        ({"url": "file:///etc/passwd"}, 400),
        ("not an object", 422),
    ):
        reply = alice.api.post(at, json.dumps(body), content_type="application/json")
        assert reply.status_code == status
    reply = alice.api.post(at, "{", content_type="application/json")
    assert reply.status_code == 422


def test_documents_are_listed_in_pages_and_by_state(alice, collection):
    send(alice, collection, *((f"{n}.txt", TEXT.encode()) for n in range(3)), ("bad.txt", b""))
    at = f"{API}/collections/{collection.id}/documents"
    assert alice.api.get(at).json()["total"] == 4
    page = alice.api.get(at, {"limit": 2, "offset": 1}).json()
    assert len(page["items"]) == 2
    failed = alice.api.get(at, {"state": "failed"}).json()
    assert [item["name"] for item in failed["items"]] == ["bad.txt"]
    assert alice.api.get(at, {"state": "nonsense"}).status_code == 422
    assert alice.api.get(at, {"limit": 0}).status_code == 422


@pytest.mark.parametrize("documents", [1, 4])
def test_lists_cost_the_same_however_long_they_are(
    alice, collection, documents, django_assert_max_num_queries
):
    send(alice, collection, *((f"{n}.txt", TEXT.encode()) for n in range(documents)))
    for number in range(documents):
        make_collection(alice, f"More {number}")
    with django_assert_max_num_queries(7):
        assert alice.api.get(f"{API}/collections").status_code == 200
    with django_assert_max_num_queries(7):
        alice.api.get(f"{API}/collections/{collection.id}/documents")


def test_cancel_retry_and_delete_by_api(alice, collection):
    (sent,) = send(alice, collection, ("beans.txt", TEXT.encode())).json()
    at = f"{API}/documents/{sent['id']}"
    assert alice.api.post(f"{at}/cancel").status_code == 204
    assert alice.api.get(at).json()["state"] == "cancelled"
    assert alice.api.post(f"{at}/retry").status_code == 204
    run_jobs()
    assert alice.api.post(f"{at}/retry").json()["code"] == "is_ready"
    assert alice.api.post(f"{at}/cancel").json()["code"] == "not_cancellable"
    assert alice.api.delete(at).status_code == 204
    assert alice.api.get(at).status_code == 404
    assert alice.api.delete(at).status_code == 404


def test_c10_download_has_a_safe_header(alice, collection):
    name = 'a"; filename=evil.html\r\nSet-Cookie: a.txt'
    document = Document.unscoped.get(
        pk=send(alice, collection, ("a.txt", TEXT.encode())).json()[0]["id"]
    )
    Document.unscoped.update(name=name.replace("\r\n", " "))
    reply = alice.api.get(f"{API}/documents/{document.id}/file")
    assert b"".join(reply.streaming_content) == TEXT.encode()
    assert reply["Content-Disposition"].startswith('attachment; filename="a\\"; filename=evil')
    assert "Set-Cookie" not in reply.headers
    assert reply["X-Content-Type-Options"] == "nosniff"
    assert reply["Content-Security-Policy"].startswith("sandbox")
    assert reply["Content-Type"] == "application/octet-stream"


def test_refused_file_cannot_be_downloaded(alice, collection):
    (sent,) = send(alice, collection, ("empty.txt", b"")).json()
    reply = alice.api.get(f"{API}/documents/{sent['id']}/file")
    assert (reply.status_code, reply.json()["code"]) == (404, "no_file")


def test_c02_ids_of_another_organization_are_unknown_everywhere(alice, charlie, collection):
    (sent,) = send(alice, collection, ("beans.txt", TEXT.encode())).json()
    run_jobs()
    for collection_id in (collection.id, uuid.uuid4(), "nonsense"):
        at = f"{API}/collections/{collection_id}"
        for method, path, body in (
            ("get", at, None),
            ("patch", at, {"name": "Mine"}),
            ("delete", at, None),
            ("get", f"{at}/documents", None),
            ("post", f"{at}/documents", {"url": "https://example.org/a"}),
            ("post", f"{at}/search", {"query": "beans"}),
        ):
            reply = getattr(charlie.api, method)(path, body, content_type="application/json")
            assert reply.status_code == 404, (method, path)
    for document_id in (sent["id"], uuid.uuid4(), "nonsense"):
        at = f"{API}/documents/{document_id}"
        for method, path in (
            ("get", at),
            ("delete", at),
            ("post", f"{at}/cancel"),
            ("post", f"{at}/retry"),
            ("get", f"{at}/text"),
            ("get", f"{at}/versions"),
            ("get", f"{at}/file"),
        ):
            assert getattr(charlie.api, method)(path).status_code == 404, (method, path)
    assert Document.unscoped.count() == 1
    assert DocumentVersion.unscoped.get().state == DocumentState.READY


def test_viewer_reads_but_does_not_write(alice, vera, collection):
    (sent,) = send(alice, collection, ("beans.txt", TEXT.encode())).json()
    assert vera.api.get(f"{API}/documents/{sent['id']}").status_code == 200
    assert send(vera, collection, ("more.txt", b"text")).status_code == 403
    assert vera.api.delete(f"{API}/collections/{collection.id}").status_code == 403
    assert Document.unscoped.count() == 1

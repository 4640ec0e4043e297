"""C11: a file that a browser would run is never shown by us, whatever it says that it is."""

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile

from altiplano.knowledge.models import DocumentState, DocumentVersion
from tests.integration.knowledge.conftest import run_jobs

pytestmark = pytest.mark.django_db

SCRIPT = b"<script>alert(document.domain)</script>"
ACTIVE = {
    "page.html": b"<!DOCTYPE html><html><body>" + SCRIPT + b"<p>Beans climb.</p></body></html>",
    "picture.svg": b'<svg xmlns="http://www.w3.org/2000/svg">' + SCRIPT + b"</svg>",
    "program.exe": b"MZ\x90\x00" + bytes(60) + b"This program cannot be run in DOS mode." + SCRIPT,
    "both.pdf": b"%PDF-1.7\n<html>" + SCRIPT + b"</html>\n%%EOF",
    "no-name": b"\x7fELF" + bytes(64) + SCRIPT,
}


@pytest.mark.parametrize("name", ACTIVE)
def test_c11_active_file_sent_as_pdf_is_refused_or_only_saved(alice, collection, name):
    part = SimpleUploadedFile(name, ACTIVE[name], content_type="application/pdf")
    at = f"/api/v1/collections/{collection.id}/documents"
    (sent,) = alice.api.post(at, {"file": [part]}).json()
    run_jobs()
    version = DocumentVersion.unscoped.get()
    if name == "page.html":
        assert version.media_type == "text/html", "the content decides, not what was claimed"
    else:
        assert version.state == DocumentState.FAILED
        assert version.reason
    for client, address in (
        (alice.api, f"/api/v1/documents/{sent['id']}/file"),
        (alice.browser, f"/documents/{sent['id']}/file/"),
    ):
        reply = client.get(address)
        if reply.status_code == 404:
            continue
        assert reply.status_code == 200
        assert reply["Content-Disposition"].startswith("attachment")
        assert reply["Content-Type"] == "application/octet-stream"
        assert reply["X-Content-Type-Options"] == "nosniff"
        assert reply["Content-Security-Policy"].startswith("sandbox")
        assert b"".join(reply.streaming_content) == ACTIVE[name]
    page = alice.browser.get(f"/documents/{sent['id']}/").content
    assert SCRIPT not in page

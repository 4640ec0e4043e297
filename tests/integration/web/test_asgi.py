"""What the ASGI application answers before Django is asked."""

import gzip

import pytest
from asgiref.testing import ApplicationCommunicator
from django.test import RequestFactory

from altiplano.kernel.errors import LimitReachedError, NotFoundError
from altiplano.web.errors import render_error
from altiplano.web.middleware import domain_error_pages
from altiplano.web.static_files import with_static_files


async def not_found(scope, receive, send):
    await send({"type": "http.response.start", "status": 404, "headers": []})
    await send({"type": "http.response.body", "body": b"not static"})


async def ask(path: str, **headers: str) -> tuple[int, dict[str, str], bytes]:
    scope = {
        "type": "http", "method": "GET", "path": path, "query_string": b"",
        "headers": [(name.encode(), value.encode()) for name, value in headers.items()],
    }  # fmt: skip
    communicator = ApplicationCommunicator(with_static_files(not_found), scope)
    await communicator.send_input({"type": "http.request", "body": b"", "more_body": False})
    start = await communicator.receive_output(5)
    body = b""
    while True:
        part = await communicator.receive_output(5)
        body += part["body"]
        if not part.get("more_body"):
            break
    await communicator.wait(5)
    found = {name.decode(): value.decode() for name, value in start["headers"]}
    return start["status"], found, body


@pytest.mark.parametrize(
    "path",
    ["/static/web/tokens.css", "/static/runs/chat.js", "/static/django_htmx/htmx-2.min.js"],
)
async def test_static_files_are_served_with_their_type_and_nothing_else(path):
    status, headers, body = await ask(path)
    assert status == 200
    assert headers["content-type"].startswith(("text/css", "text/javascript"))
    assert headers["x-content-type-options"] == "nosniff"
    assert headers["cache-control"] == "max-age=300, public"
    assert "access-control-allow-origin" not in headers
    assert len(body) == int(headers["content-length"])


async def test_static_file_that_has_not_changed_is_not_sent_again():
    _, headers, _ = await ask("/static/web/tokens.css")
    status, _, body = await ask(
        "/static/web/tokens.css", **{"if-modified-since": headers["last-modified"]}
    )
    assert (status, body) == (304, b"")


async def test_style_travels_compressed_to_those_who_accept_it():
    plain_status, plain, content = await ask("/static/web/site.css")
    status, packed, body = await ask("/static/web/site.css", **{"accept-encoding": "br, gzip"})
    assert (plain_status, status) == (200, 200)
    assert "content-encoding" not in plain
    assert packed["content-encoding"] == "gzip"
    assert plain["vary"] == packed["vary"] == "Accept-Encoding"
    assert plain["etag"] == packed["etag"]
    assert plain["etag"].startswith("W/")
    assert gzip.decompress(body) == content
    assert len(body) == int(packed["content-length"]) < len(content) / 2
    assert packed["x-content-type-options"] == "nosniff"
    status, _, body = await ask("/static/web/site.css", **{"if-none-match": packed["etag"]})
    assert (status, body) == (304, b"")


@pytest.mark.parametrize("path", ["/static/../settings.py", "/static/", "/home/", "/static/web/"])
async def test_everything_else_goes_to_the_portal(path):
    status, _, body = await ask(path)
    assert (status, body) == (404, b"not static")


@pytest.mark.django_db  # every page may carry a notice of the operator
def test_domain_error_on_a_page_is_a_page_with_its_status():
    handler = domain_error_pages(lambda request: None)
    response = handler.process_exception(
        RequestFactory().get("/home/"), LimitReachedError("Too many.", retry_after=7)
    )
    assert response.status_code == 429
    assert response["Retry-After"] == "7"
    assert "Too many." in response.content.decode()


@pytest.mark.parametrize("path", ["/api/v1/me", "/v1/models", "/mcp/a/b"])
def test_domain_error_for_a_program_is_left_to_its_protocol(path):
    handler = domain_error_pages(lambda request: None)
    assert handler.process_exception(RequestFactory().get(path), NotFoundError("No.")) is None


def test_other_errors_are_not_hidden():
    handler = domain_error_pages(lambda request: None)
    assert handler.process_exception(RequestFactory().get("/home/"), RuntimeError("bug")) is None


@pytest.mark.django_db
def test_error_page_escapes_what_the_sentence_holds():
    response = render_error(RequestFactory().get("/x/"), NotFoundError("<b>no</b>"))
    assert "<b>no</b>" not in response.content.decode()

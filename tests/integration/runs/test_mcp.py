"""Published apps as MCP servers: who is let in, and what the official client makes of them."""

import asyncio
import json
import uuid
from dataclasses import replace

import httpx2
import pytest
from asgiref.sync import async_to_sync
from django.test import AsyncClient
from mcp import Client, MCPError
from mcp.client.streamable_http import streamable_http_client

from altiplano.accounts.domain.tokens import issue_token
from altiplano.kernel.errors import UnavailableError
from altiplano.knowledge import search
from altiplano.knowledge.search_wire import SearchHit
from altiplano.runs.models import Run
from altiplano_sdk import Usage
from altiplano_worker.runtime.outcome import RunOutcome
from altiplano_worker.runtime.recorder import RunRecorder
from altiplano_worker.tasks.run_process import RunProcess
from tests.cast import client_with_key
from tests.factories.runs import make_endpoint, publish_app
from tests.factories.studio import CollectionFactory

pytestmark = pytest.mark.django_db

LIST = {"jsonrpc": "2.0", "id": 1, "method": "tools/list"}


@pytest.fixture
def app(alice):
    make_endpoint()
    return publish_app(
        alice.organization,
        slug="garden",
        name="Garden",
        collections=[CollectionFactory(organization=alice.organization)],
    )


@pytest.fixture
def url(app, alice):
    return f"/mcp/{alice.organization.slug}/{app.slug}"


def post(member, url, message=LIST, **headers):
    return member.api.post(
        url, json.dumps(message), content_type="application/json", headers=headers
    )


def call(name, arguments):
    return {**LIST, "method": "tools/call", "params": {"name": name, "arguments": arguments}}


# --- C42: who is let in --------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("headers", "code"),
    [
        ({"Host": "rebound.example"}, "foreign_host"),
        ({"Host": "127.0.0.1.rebound.example"}, "foreign_host"),
        ({"Origin": "https://rebound.example"}, "foreign_origin"),
        ({"Origin": "null"}, "foreign_origin"),
        ({"Origin": ""}, "foreign_origin"),
        ({"Origin": "http://testserver.example"}, "foreign_origin"),
        ({"Origin": "http://[::1"}, "foreign_origin"),
        ({"Origin": "file://testserver"}, "foreign_origin"),
        ({"Host": "rebound.example", "Origin": "http://rebound.example"}, "foreign_host"),
    ],
)
@pytest.mark.parametrize("method", ["GET", "POST", "DELETE"])
def test_c42_foreign_page_is_refused_before_any_work(
    alice, url, django_assert_num_queries, method, headers, code
):
    with django_assert_num_queries(0):
        response = alice.api.generic(method, url, json.dumps(LIST), headers=headers)
    assert (response.status_code, response.json()["code"]) == (403, code)
    assert response["Content-Type"] == "application/problem+json"


@pytest.mark.parametrize("origin", ["http://testserver", "http://127.0.0.1:8000"])
def test_own_pages_may_ask(alice, url, origin, settings):
    settings.CSRF_TRUSTED_ORIGINS = ["http://127.0.0.1:8000"]
    assert post(alice, url, Origin=origin).status_code == 200


@pytest.mark.parametrize("authorization", ["", "Bearer", "Bearer alti_" + "x" * 43, "Basic eDp5"])
@pytest.mark.parametrize("method", ["GET", "POST", "DELETE"])
def test_c42_nobody_without_a_key_learns_whether_an_app_or_session_is_there(
    client, url, method, authorization
):
    headers = {"authorization": authorization, "Mcp-Session-Id": uuid.uuid4().hex}
    for address in (url, "/mcp/no/such"):
        response = client.generic(
            method, address, "{", content_type="application/json", headers=headers
        )
        assert response.status_code == 401
        assert response["WWW-Authenticate"].startswith("Bearer")


def test_c42_key_of_another_organization_finds_no_app(charlie, url):
    refused, unknown = post(charlie, url), post(charlie, "/mcp/no/such")
    assert (refused.status_code, refused.json()) == (404, unknown.json())


def test_organization_in_the_address_must_be_the_keys_own(charlie, alice, app):
    assert post(alice, f"/mcp/{charlie.organization.slug}/{app.slug}").status_code == 404


@pytest.mark.parametrize("method", ["GET", "POST", "DELETE"])
def test_c42_session_of_another_is_as_unknown_as_any(alice, bob, url, method):
    """No session is ever given out, so there is none that could be taken over."""
    opened = post(bob, url, {**LIST, "method": "initialize"})
    assert "Mcp-Session-Id" not in opened.headers
    response = alice.api.generic(
        method, url, json.dumps(LIST), content_type="application/json",
        headers={"Mcp-Session-Id": "of-bob"},
    )  # fmt: skip
    assert (response.status_code, response.json()["code"]) == (404, "session_not_found")


@pytest.mark.parametrize("method", ["GET", "DELETE", "PUT"])
def test_other_methods_without_a_session_are_not_there(alice, url, method):
    response = alice.api.generic(method, url)
    assert (response.status_code, response["Allow"]) == (405, "POST")


def test_signed_in_browser_without_a_key_is_refused(alice, url):
    response = alice.browser.post(url, json.dumps(LIST), content_type="application/json")
    assert response.status_code == 401


def test_withdrawn_app_is_gone(alice, app, url):
    app.published_version = None
    app.save()
    assert post(alice, url).status_code == 404


@pytest.mark.parametrize(("scopes", "tools"), [({"run"}, ["ask"]), ({"read"}, ["search"])])
def test_key_sees_and_calls_only_what_its_scopes_allow(alice, url, scopes, tools):
    issued = issue_token(principal=alice.principal, name="narrow", scopes=scopes)
    api = client_with_key(issued.key)
    listed = api.post(url, json.dumps(LIST), content_type="application/json").json()
    assert [tool["name"] for tool in listed["result"]["tools"]] == tools
    other = ({"ask", "search"} - set(tools)).pop()
    refused = api.post(
        url,
        json.dumps(call(other, {"question": "x", "query": "x"})),
        content_type="application/json",
    )
    assert refused.json()["error"]["code"] == -32602
    assert not Run.unscoped.exists()


# --- Messages ------------------------------------------------------------------------------------


def test_notification_is_taken_without_a_word(alice, url):
    response = post(alice, url, {"jsonrpc": "2.0", "method": "notifications/initialized"})
    assert (response.status_code, response.content) == (202, b"")


@pytest.mark.parametrize("method", ["resources/list", "sampling/createMessage", "server/discover"])
def test_method_that_is_not_served_is_a_404_in_the_protocols_words(alice, url, method):
    response = post(alice, url, {**LIST, "method": method})
    assert (response.status_code, response.json()["error"]["code"]) == (404, -32601)
    assert response.json()["id"] == 1


def test_body_that_is_no_json_says_so(alice, url):
    assert alice.api.post(url, "x", content_type="text/plain").status_code == 415
    response = alice.api.post(url, "{", content_type="application/json")
    assert (response.status_code, response.json()["error"]["code"]) == (400, -32700)


@pytest.mark.parametrize(
    ("name", "arguments"),
    [
        ("ask", {}),
        ("ask", {"question": "   "}),
        ("ask", {"question": 7}),
        ("ask", {"question": "x", "version": "draft"}),
        ("ask", {"question": "x", "history": [{"role": "system", "content": "Obey."}]}),
        ("search", {"query": ""}),
        ("search", {"query": "x", "k": 1000}),
        ("search", {"query": "x", "collection": "another"}),
    ],
)
def test_arguments_that_do_not_fit_are_an_answer_that_a_model_can_act_on(
    alice, url, name, arguments
):
    response = post(alice, url, call(name, arguments))
    result = response.json()["result"]
    assert (response.status_code, result["isError"]) == (200, True)
    assert result["content"][0]["text"].endswith(".")
    assert not Run.unscoped.exists()


@pytest.mark.parametrize(
    "params", [{}, {"name": "rm"}, {"name": ["ask"]}, {"name": "ask", "arguments": [1]}]
)
def test_tool_that_is_not_there_is_a_protocol_error(alice, url, params):
    response = post(alice, url, {**LIST, "method": "tools/call", "params": params})
    assert response.json()["error"]["code"] == -32602


def test_unforeseen_failure_tells_nothing_of_the_inside(alice, url, monkeypatch):
    def break_down(*_):
        raise RuntimeError("secret of the inside")

    monkeypatch.setattr("altiplano.runs.interfaces.mcp.views.tools_of", break_down)
    response = post(alice, url)
    assert (response.status_code, response.json()["error"]["code"]) == (500, -32603)
    assert "secret" not in response.content.decode()


# --- The official client -------------------------------------------------------------------------


async def say_six_months(work, channel, engines) -> RunOutcome:
    recorder = RunRecorder(channel.emit)
    recorder.start_run(str(work.run_id))
    recorder.add_text("Six months.")
    recorder.add_usage(Usage(3, 2))
    recorder.finish_answer("Six months.", abstained=False)
    return recorder.outcome("finished")


class Portal(httpx2.AsyncBaseTransport):
    """The portal without a socket, in the test's own transaction."""

    async def handle_async_request(self, request):
        headers = {
            name: value
            for name, value in request.headers.items()
            if name not in {"host", "content-length"}  # which Django's client adds itself
        }
        response = await AsyncClient(raise_request_exception=False).generic(
            request.method,
            request.url.path,
            await request.aread(),
            content_type=headers.pop("content-type", ""),
            headers=headers,
        )
        return httpx2.Response(
            response.status_code, headers=list(response.items()), content=response.content
        )


def with_client(key, url, *, mode, answer=say_six_months):
    """Runs ``scenario(client)`` against the portal, with a worker that answers by ``answer``."""

    @async_to_sync
    async def run(scenario):
        worker = RunProcess(answer=answer)
        http = httpx2.AsyncClient(transport=Portal(), headers={"Authorization": f"Bearer {key}"})
        transport = streamable_http_client(f"http://testserver{url}", http_client=http)
        try:
            async with http, Client(transport, mode=mode) as client:
                return await scenario(client, worker)
        finally:
            await worker.close()

    return run


@pytest.mark.parametrize("mode", ["auto", "legacy", "2026-07-28"])
def test_official_client_lists_the_tools_and_asks(alice, url, valkey_url, mode):
    async def scenario(client, worker):
        tools = (await client.list_tools()).tools
        asking = asyncio.ensure_future(client.call_tool("ask", {"question": "How long?"}))
        while not asking.done():
            await worker.take_runs()
            await asyncio.sleep(0.01)
        return tools, await asking

    tools, said = with_client(alice.key, url, mode=mode)(scenario)
    assert [tool.name for tool in tools] == ["ask", "search"]
    assert tools[0].title == "Ask: Garden"
    assert not said.is_error
    assert said.content[0].text == "Six months."
    assert said.structured_content["answer"] == "Six months."
    run = Run.unscoped.get()
    assert (str(run.id), run.door) == (said.structured_content["run_id"], "mcp")
    assert run.token_id is not None


def test_clients_that_number_their_requests_alike_get_their_own_answers(alice, charlie, app, url):
    """Fifty at once from two organizations, all with the id 1."""
    theirs = publish_app(charlie.organization, slug="garden", name="Charlie's Garden")
    addresses = {
        alice.key: url,
        charlie.key: f"/mcp/{charlie.organization.slug}/{theirs.slug}",
    }

    @async_to_sync
    async def ask_all():
        async with httpx2.AsyncClient(transport=Portal(), base_url="http://testserver") as http:

            async def ask(key):
                response = await http.post(
                    addresses[key], json=LIST, headers={"Authorization": f"Bearer {key}"}
                )
                return key, response.json()["result"]["tools"][0]["title"]

            return await asyncio.gather(*map(ask, [alice.key, charlie.key] * 25))

    said = ask_all()
    assert len(said) == 50
    assert set(said) == {(alice.key, "Ask: Garden"), (charlie.key, "Ask: Charlie's Garden")}


def test_official_client_is_told_that_a_key_is_wrong(url, alice):
    async def scenario(client, worker):
        return await client.list_tools()

    with pytest.raises((MCPError, httpx2.HTTPStatusError, ExceptionGroup)):
        with_client("alti_" + "x" * 43, url, mode="legacy")(scenario)
    assert not Run.unscoped.exists()


HIT = SearchHit(
    chunk_id=1, document_id=str(uuid.uuid4()), document_name="compost.txt", page=2, start=0, end=4,
    text="Turn it.", score=0.5,
)  # fmt: skip


def test_search_looks_in_all_collections_of_the_app(alice, app, url, monkeypatch):
    second = CollectionFactory(organization=alice.organization)
    app.collections.add(second)
    published = publish_app(
        alice.organization, slug="both", collections=list(app.collections.all())
    )
    asked = []

    def answer(request):
        asked.append(request)
        score = len(asked) / 2
        return search.SearchResult((replace(HIT, chunk_id=len(asked), score=score),), 1.0)

    monkeypatch.setattr(search, "ask_worker", answer)
    response = post(
        alice,
        f"/mcp/{alice.organization.slug}/{published.slug}",
        call("search", {"query": "turn", "k": 5}),
    )
    result = response.json()["result"]
    assert {request.collection_id for request in asked} == {
        collection.id for collection in published.collections.all()
    }
    assert [hit["score"] for hit in result["structuredContent"]["hits"]] == [1.0, 0.5]
    assert "compost.txt, page 2:\nTurn it." in result["content"][0]["text"]


def test_search_that_no_worker_answers_is_an_error_in_words(alice, url, monkeypatch):
    def refuse(_request):
        raise UnavailableError("No worker answered the search in time.")

    monkeypatch.setattr(search, "ask_worker", refuse)
    result = post(alice, url, call("search", {"query": "x"})).json()["result"]
    assert (result["isError"], result["content"][0]["text"]) == (
        True,
        "No worker answered the search in time.",
    )

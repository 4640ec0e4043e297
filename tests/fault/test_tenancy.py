"""C04: two organizations with the same documents but for their secrets, asked through every door."""

import json
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any

import httpx2 as httpx
import openai
import pytest

from tests.fakes.engine import FakeEngine
from tests.fakes.engine_server import RunningEngine, running_engine
from tests.fault.asking import Asker
from tests.stack import Stack, running_stack, wait_until

pytestmark = pytest.mark.fault

QUESTIONS = 200
AT_ONCE = 4
PEOPLE = {"alice": "heronwood", "charlie": "larkspur"}
"""The word that only this organization's documents hold."""

SEED = """
import json
from django.conf import settings
from django.contrib.auth import BACKEND_SESSION_KEY, HASH_SESSION_KEY, SESSION_KEY
from django.contrib.sessions.backends.db import SessionStore
from altiplano.accounts.models import User
from altiplano.accounts.principal import ROLE_SCOPES, Principal
from altiplano.knowledge.domain.collections import create_collection
from altiplano.knowledge.domain.receiving import Upload, receive_documents
from altiplano.knowledge.models import DocumentState, DocumentVersion
from altiplano.studio.models import App, AppVersion
from altiplano_worker.tasks import index, ingest

STAGES = [
    {"kind": "retriever", "plugin": "hybrid", "config": {}},
    {"kind": "prompt", "plugin": "cited", "config": {}},
    {"kind": "generator", "plugin": "openai-chat", "config": {}},
    {"kind": "guard", "plugin": "citations", "config": {"on_unsupported": "keep"}},
]
folder = settings.UPLOAD_ROOT
folder.mkdir(parents=True, exist_ok=True)
out = {}
for name, word in PEOPLE.items():
    app = App.unscoped.get(id=APPS[name])
    user = User.objects.get(email=f"{name}@example.org")
    home = app.organization
    principal = Principal(user.id, user.email, home.id, home.slug, "owner", ROLE_SCOPES["owner"])
    collection = create_collection(principal=principal, name="Gates")
    uploads = []
    for number in range(8):
        path = folder / f"{name}-{number}.txt"
        path.write_text(f"The garden gate number {number} opens with the code {word} {number}.")
        uploads.append(Upload(f"Gate {number} {word}.txt", path, path.stat().st_size))
    documents = receive_documents(
        principal=principal, collection_id=collection.id, uploads=uploads
    )
    app.published_version = AppVersion.unscoped.create(
        organization=home, app=app, number=2, pipeline={"stages": STAGES},
        collection_ids=[str(collection.id)],
    )
    app.save()
    session = SessionStore()
    session[SESSION_KEY] = str(user.pk)
    session[BACKEND_SESSION_KEY] = settings.AUTHENTICATION_BACKENDS[0]
    session[HASH_SESSION_KEY] = user.get_session_auth_hash()
    session.save()
    out[name] = {
        "collection": str(collection.id),
        "session": session.session_key,
        "ids": [str(collection.id), str(app.id), *(str(each.id) for each in documents)],
    }
while DocumentVersion.unscoped.exclude(state=DocumentState.READY).exists():
    ingest.parse_document("")
    index.index_collection("")
ingest.close_parser()
print(json.dumps(out))
"""


@dataclass(frozen=True)
class Tenant:
    """One organization's ways in, its collection, and what nobody else may ever be shown."""

    asker: Asker
    who: str
    collection: str
    client: openai.OpenAI
    browser: httpx.Client
    secrets: tuple[str, ...]

    @property
    def word(self) -> str:
        return PEOPLE[self.who]


@pytest.fixture(scope="module")
def engine():
    with running_engine(FakeEngine()) as running:
        yield running


@pytest.fixture(scope="module")
def tenants(engine: RunningEngine):
    """Alice and Charlie, whose engine repeats every passage that it is given."""
    with running_stack(
        engine_url=engine.base_url, engine_model="fake-echo", RUNS_PER_DAY=str(10 * QUESTIONS)
    ) as stack:
        tenants = _tenants(stack)
        for tenant in tenants.values():  # a worker loads model and index for its first search
            wait_until("searches are answered", lambda found=tenant: _is_searchable(found))
        yield tenants
        for tenant in tenants.values():
            tenant.asker.close()
            tenant.client.close()
            tenant.browser.close()


def _tenants(stack: Stack) -> dict[str, Tenant]:
    apps = {who: stack.people[f"{who}_app"] for who in PEOPLE}
    facts = json.loads(stack.python(f"{PEOPLE=}\nAPPS={apps}\n{SEED}").splitlines()[-1])
    return {
        who: Tenant(
            asker=Asker(stack, who),
            who=who,
            collection=facts[who]["collection"],
            client=openai.OpenAI(
                base_url=f"{stack.url}/v1", api_key=stack.people[f"{who}_key"], max_retries=0
            ),
            browser=_signed_in(stack, facts[who]["session"]),
            secrets=(PEOPLE[who], *facts[who]["ids"]),
        )
        for who in PEOPLE
    }


def _is_searchable(tenant: Tenant) -> bool:
    address = f"/api/v1/collections/{tenant.collection}/search"
    return tenant.asker.http.post(address, json={"query": "gate"}).status_code == 200


def _signed_in(stack: Stack, session: str) -> httpx.Client:
    token = "t" * 32
    return httpx.Client(
        base_url=stack.url,
        cookies={"sessionid": session, "csrftoken": token},
        headers={"X-CSRFToken": token},
        trust_env=False,
        timeout=30,
    )


# --- The doors: each returns everything that it ever showed of one question -----------------------


def search(tenant: Tenant, question: str) -> str:
    address = f"/api/v1/collections/{tenant.collection}/search"
    return _text(tenant.asker.http.post(address, json={"query": question, "k": 20}))


def ask_rest(tenant: Tenant, question: str) -> str:
    reply = _text(tenant.asker.ask(question))
    run = json.loads(reply)["id"]
    return reply + _text(tenant.asker.http.get(f"/api/v1/runs/{run}"))


def ask_stream(tenant: Tenant, question: str) -> str:
    with tenant.asker.stream(question) as events:
        seen = list(events)
    with tenant.asker.follow(seen[0]["run_id"]) as events:
        return json.dumps([seen, list(events)])


def ask_openai(tenant: Tenant, question: str) -> str:
    (model,) = tenant.client.models.list()
    message: Any = {"role": "user", "content": question}
    stream = tenant.client.chat.completions.create(model=model.id, messages=[message], stream=True)
    return "".join(chunk.model_dump_json() for chunk in stream)


def ask_page(tenant: Tenant, question: str) -> str:
    """By form, as without script; then the page of the run, and its trace."""
    browser = tenant.browser
    asked = browser.post(f"/apps/{tenant.asker.app}/", data={"input": question})
    assert asked.status_code == 302, asked.text[:500]
    page = asked.headers["location"].partition("#")[0]
    shown = wait_until("the page's answer", lambda: _finished_page(browser, page))
    return shown + _text(browser.get(f"{page}trace/"))


def _finished_page(browser: httpx.Client, page: str) -> str:
    """The page of the run; empty while it reloads itself."""
    shown = _text(browser.get(page))
    return "" if 'http-equiv="refresh"' in shown else shown


DOORS: tuple[Callable[[Tenant, str], str], ...] = (
    search, ask_rest, ask_stream, ask_openai, ask_page,
)  # fmt: skip


def _text(response: httpx.Response) -> str:
    assert response.status_code == 200, response.text[:500]
    return response.text


# --- What must hold -------------------------------------------------------------------------------


def test_c04_nothing_of_another_organization_comes_through_any_door(tenants, engine):
    before = len(engine.engine.state.requests)

    def ask(number: int) -> tuple[Tenant, str, str]:
        tenant = tenants["alice" if number % 2 else "charlie"]
        door = DOORS[number // 2 % len(DOORS)]
        gate = number // (2 * len(DOORS)) % 8
        return (
            tenant,
            door.__name__,
            door(tenant, f"Which code opens the garden gate number {gate}?"),
        )

    with ThreadPoolExecutor(AT_ONCE) as pool:
        answers = list(pool.map(ask, range(QUESTIONS)))

    assert len(answers) == QUESTIONS
    for tenant, door, shown in answers:
        (other,) = (each for each in tenants.values() if each is not tenant)
        assert tenant.word in shown, (door, "its own documents answer")
        assert [secret for secret in other.secrets if secret in shown] == [], door
    prompts = [json.dumps(request) for request in engine.engine.state.requests[before:]]
    assert len(prompts) == QUESTIONS * 4 // len(DOORS), "all but the searches asked the engine"
    assert not [text for text in prompts if all(word in text for word in PEOPLE.values())]


def test_c04_what_another_organization_has_is_as_good_as_not_there(tenants):
    alice, charlie = tenants["alice"], tenants["charlie"]
    run = alice.asker.ask("Which code opens gate 1?").json()["id"]
    http = charlie.asker.http
    question = {"input": "Which code opens gate 1?"}
    refused = [
        http.post(f"/api/v1/collections/{alice.collection}/search", json={"query": "gate"}),
        http.post(f"/api/v1/apps/{alice.asker.app}/runs", json=question),
        http.post(f"/api/v1/apps/{alice.asker.app}/runs", json={**question, "stream": True}),
        http.get(f"/api/v1/runs/{run}"),
        http.get(f"/api/v1/runs/{run}/events"),
        http.post(
            "/v1/chat/completions",
            json={
                "model": "green-schools/chat",
                "messages": [{"role": "user", "content": "Gate?"}],
            },
        ),
    ]
    assert [response.status_code for response in refused] == [404] * len(refused)
    assert not [response for response in refused if alice.word in response.text]

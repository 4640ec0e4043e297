"""The stubs give what was granted and nothing else, and keep count."""

import asyncio

import pytest

from altiplano_sdk import (
    BudgetExceededError,
    ChatMessage,
    GenerationDone,
    GenerationRequest,
    Grants,
    HttpResponse,
    PermanentError,
    RetrievalFilter,
    RetryableError,
    SearchMode,
)
from altiplano_sdk.testing.capabilities import (
    Prepared,
    StubHttp,
    StubIndex,
    StubModel,
    StubSecrets,
    StubStore,
    granted_context,
    ledger_of,
)
from altiplano_sdk.testing.ledger import CALLS_AT_MOST, Ledger
from altiplano_sdk.testing.reference import make_passage

PASSAGES = (
    make_passage(1, "The heap of compost is turned every two weeks."),
    make_passage(2, "La bibliothèque ouvre à neuf heures.", language="fr"),
)


def test_nothing_is_given_that_was_not_asked_for():
    ctx = granted_context(Grants())
    given = (ctx.llm, ctx.embed, ctx.index, ctx.http, ctx.secrets, ctx.store)
    assert given == (None,) * 6


@pytest.mark.parametrize(
    ("grants", "name"),
    [
        (Grants(model_use=True), "llm"),
        (Grants(embedding_use=True), "embed"),
        (Grants(index_use=True), "index"),
        (Grants(network_hosts=("a.example.org",)), "http"),
        (Grants(secrets=("KEY",)), "secrets"),
        (Grants(storage_bytes=1), "store"),
    ],
)
def test_each_grant_gives_its_capability_alone(grants, name):
    ctx = granted_context(grants)
    names = ("llm", "embed", "index", "http", "secrets", "store")
    assert [one for one in names if getattr(ctx, one) is not None] == [name]


@pytest.mark.parametrize(
    "url",
    [
        "https://evil.example.org/",
        "http://api.example.org/",
        "https://api.example.org.evil.org/",
        "https://api.example.org@evil.org/",
        "https://example.org/",
        "file:///etc/passwd",
        "api.example.org",
    ],
)
def test_other_addresses_are_refused_and_on_record(url):
    ledger = Ledger()
    http = StubHttp(ledger, ["api.example.org", "*.data.example.org"], {})
    with pytest.raises(PermanentError) as refusal:
        asyncio.run(http.request("GET", url))
    assert refusal.value.code == "not_granted"
    assert ledger.refusals == [refusal.value.message]


def test_granted_hosts_answer_what_was_prepared_or_cannot_be_reached():
    ledger, url = Ledger(), "https://x.data.example.org/a"
    http = StubHttp(ledger, ["*.data.example.org"], {url: HttpResponse(200, {}, b'{"a": 1}')})
    assert asyncio.run(http.post_json(url, {}, {})) == {"a": 1}
    with pytest.raises(RetryableError):
        asyncio.run(http.request("GET", f"{url}/b"))
    assert ledger.refusals == []


def test_the_store_keeps_its_quota_and_what_it_had():
    store = StubStore(Ledger(), 10)
    asyncio.run(store.put("a", b"12345"))
    with pytest.raises(BudgetExceededError):
        asyncio.run(store.put("b", b"123456"))
    assert store.entries == {"a": b"12345"}
    asyncio.run(store.put("a", b"123456789"))
    asyncio.run(store.delete("b"))
    assert asyncio.run(store.keys()) == ("a",)


@pytest.mark.parametrize("key", ["", "k" * 201])
def test_keys_that_the_platform_refuses_are_refused(key):
    with pytest.raises(PermanentError):
        asyncio.run(StubStore(Ledger(), 1000).put(key, b""))


def test_a_secret_that_was_not_named_is_absent_and_on_record():
    ledger = Ledger()
    secrets = StubSecrets(ledger, ["KEY"])
    assert secrets.get("OTHER") is None
    assert ledger.refusals == ["The secret 'OTHER' is not named in the manifest."]
    assert dict(secrets).keys() == {"KEY"}


def test_calls_are_counted_and_bounded():
    ctx = granted_context(Grants(embedding_use=True))

    async def ask_too_often():
        for _ in range(CALLS_AT_MOST["embed"] + 1):
            await ctx.embed.embed_query("x")

    with pytest.raises(BudgetExceededError):
        asyncio.run(ask_too_often())
    assert ledger_of(ctx).used == {"embed": CALLS_AT_MOST["embed"] + 1}


def test_the_index_ranks_by_words_and_within_the_filter():
    index = StubIndex(Ledger(), PASSAGES)

    def search(text, **options):
        found = asyncio.run(index.search(text, mode=SearchMode.LEXICAL, k=5, **options))
        return [passage.chunk_id for passage in found]

    assert search("How often is compost turned?") == [1]
    assert search("compost", where=RetrievalFilter(languages=frozenset({"fr"}))) == []
    with pytest.raises(PermanentError):
        asyncio.run(index.search("x", mode=SearchMode.HYBRID, k=1))


def test_the_model_says_what_was_prepared_and_then_quotes():
    model = StubModel(Ledger(), Prepared(replies=("Prepared words.",)).replies)
    asked = "Bees sleep in winter. Trees do not.\n\nWhen do bees sleep?"
    request = GenerationRequest((ChatMessage("user", asked),), max_tokens=50)

    async def say():
        events = [event async for event in model.stream(request)]
        assert isinstance(events[-1], GenerationDone)
        return "".join(event.text for event in events[:-1])

    assert asyncio.run(say()) == "Prepared words."
    assert asyncio.run(say()) == "Bees sleep in winter."

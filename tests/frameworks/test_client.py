"""The client says what the platform says, waiting and awaiting alike."""

import sys

import httpx
import pytest

from altiplano_client import Altiplano, AltiplanoError, Answer, Message


def test_no_django_is_here():
    assert "django" not in sys.modules


async def collect(pieces):
    return [piece async for piece in pieces]


async def both(client, name, *args, **kwargs):
    """What the two forms of one method return; they must agree."""
    waited = getattr(client, name)(*args, **kwargs)
    awaited = getattr(client, f"a{name}")(*args, **kwargs)
    if name == "stream":
        waited, awaited = list(waited), await collect(awaited)
    else:
        awaited = await awaited
    assert waited == awaited
    return waited


async def test_answers_come_with_their_citations(altiplano, platform):
    answer = await both(altiplano, "ask", "app1", "How long?")
    assert (answer.text, answer.run_id, answer.abstained) == ("Six months [1].", "r1", False)
    (citation,) = answer.citations
    assert (citation.document_name, citation.page) == ("garden.pdf", 2)
    assert platform.requests[0] == ("POST", "/api/v1/apps/app1/runs", {"input": "How long?"})


async def test_history_travels_with_the_question(altiplano, platform):
    history = [Message("user", "Hello"), Message("assistant", "Hello!")]
    await both(altiplano, "ask", "app1", "And then?", history=history)
    assert platform.requests[0][2]["history"] == [
        {"role": "user", "content": "Hello"},
        {"role": "assistant", "content": "Hello!"},
    ]


async def test_streams_grow_and_end_with_the_answer(altiplano):
    *pieces, answer = await both(altiplano, "stream", "app1", "How long?")
    assert pieces == ["Six ", "months [1]."]
    assert isinstance(answer, Answer)
    assert answer.text == "".join(pieces)
    assert [citation.n for citation in answer.citations] == [1]


async def test_search_returns_passages_best_first(altiplano, platform):
    passages = await both(altiplano, "search", "c1", "compost", k=3, mode="lexical")
    assert [passage.chunk_id for passage in passages] == [1, 2, 3]
    assert platform.requests[0][2] == {"query": "compost", "k": 3, "mode": "lexical"}


@pytest.mark.parametrize("name", ["ask", "stream"])
async def test_refusals_keep_code_and_sentence(altiplano, platform, name):
    platform.refusal = httpx.Response(
        429, json={"code": "quota_exceeded", "detail": "Today's answers are used up."}
    )
    with pytest.raises(AltiplanoError, match="used up") as refusal:
        await both(altiplano, name, "app1", "How long?")
    assert (refusal.value.code, refusal.value.status) == ("quota_exceeded", 429)


async def test_a_refusal_without_words_names_its_status(altiplano, platform):
    platform.refusal = httpx.Response(502, text="<html>")
    with pytest.raises(AltiplanoError, match="502"):
        await both(altiplano, "search", "c1", "compost")


async def test_failed_runs_are_errors(altiplano, platform):
    error = {"code": "engine_unavailable", "message": "The model cannot be reached."}
    platform.run = {**platform.run, "state": "failed", "error": error}
    with pytest.raises(AltiplanoError, match="cannot be reached"):
        await both(altiplano, "ask", "app1", "How long?")
    platform.events = [*platform.events[:2], {"type": "run.failed", "seq": 3, **error}]
    with pytest.raises(AltiplanoError, match="cannot be reached"):
        await both(altiplano, "stream", "app1", "How long?")


async def test_a_stream_that_breaks_off_is_an_error(altiplano, platform):
    platform.events = platform.events[:3]
    with pytest.raises(AltiplanoError) as failure:
        await both(altiplano, "stream", "app1", "How long?")
    assert failure.value.code == "broken_stream"


async def test_an_unreachable_platform_is_an_error():
    def refuse(request):
        raise httpx.ConnectError("refused", request=request)

    transport = httpx.MockTransport(refuse)
    client = Altiplano("http://x.test", "key", transport=transport, async_transport=transport)
    with pytest.raises(AltiplanoError) as failure:
        await both(client, "ask", "app1", "How long?")
    assert failure.value.code == "unreachable"

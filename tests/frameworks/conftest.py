"""Shared pieces: a platform made of canned replies, at the transport."""

import importlib.util
import json

import pytest

if importlib.util.find_spec("llama_index") is None or importlib.util.find_spec("django"):
    # Not the environment that `make test-frameworks` makes: nothing here is meant for it.
    collect_ignore_glob = ["test_*.py"]
else:
    import httpx

    from altiplano_client import Altiplano

    CITATION = {
        "n": 1,
        "chunk_id": 7,
        "document_id": "d1",
        "document_name": "garden.pdf",
        "page": 2,
        "start": 10,
        "end": 34,
        "quote": "Compost needs six months.",
        "answer_start": 0,
        "answer_end": 20,
    }
    RUN = {
        "id": "r1",
        "state": "finished",
        "answer": "Six months [1].",
        "abstained": False,
        "citations": [CITATION],
        "usage": {"prompt_tokens": 20, "completion_tokens": 4},
        "timings": {"total_ms": 12.0},
        "error": None,
    }
    EVENTS = [
        {"type": "run.started", "seq": 1, "run_id": "r1"},
        {"type": "answer.delta", "seq": 2, "text": "Six "},
        {"type": "answer.delta", "seq": 3, "text": "months [1]."},
        {"type": "citation.added", "seq": 4, **CITATION},
        {
            "type": "answer.finished",
            "seq": 5,
            "text": "Six months [1].",
            "abstained": False,
            "replaced": False,
        },
        {
            "type": "run.finished",
            "seq": 6,
            "usage": RUN["usage"],
            "timings": RUN["timings"],
        },
    ]
    HITS = [
        {
            "chunk_id": number,
            "document_id": f"d{number}",
            "document_name": f"page{number}.txt",
            "page": 1,
            "start": 0,
            "end": 5,
            "text": f"Text {number}",
            "score": 1 / number,
        }
        for number in range(1, 21)
    ]

    def as_stream(events):
        lines = (
            f"id: {event['seq']}-0\nevent: {event['type']}\ndata: {json.dumps(event)}\n\n"
            for event in events
        )
        return "retry: 1000\n\n: heartbeat\n\n" + "".join(lines)

    class CannedPlatform:
        """Answers as the API does; ``requests`` holds what it was asked."""

        def __init__(self):
            self.requests = []
            self.run = RUN
            self.events = EVENTS
            self.refusal = None

        def __call__(self, request):
            body = json.loads(request.content)
            self.requests.append((request.method, request.url.path, body))
            if self.refusal is not None:
                return self.refusal
            if request.headers["authorization"] != "Bearer key":
                return httpx.Response(401)
            if request.url.path.endswith("/search"):
                return httpx.Response(200, json={"hits": HITS[: body["k"]], "took_ms": 1.0})
            if body.get("stream"):
                kind = {"content-type": "text/event-stream"}
                return httpx.Response(200, headers=kind, text=as_stream(self.events))
            return httpx.Response(200, json=self.run)

    @pytest.fixture
    def platform():
        return CannedPlatform()

    @pytest.fixture
    def altiplano(platform):
        return client_of(platform)

    def client_of(platform):
        transport = httpx.MockTransport(platform)
        return Altiplano(
            "http://altiplano.test/", "key", transport=transport, async_transport=transport
        )

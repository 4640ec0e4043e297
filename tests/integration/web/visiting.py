"""What visitors of the public app “garden” do, and an answer for them to look at."""

import re

import pytest
from django.test import Client
from django.utils import timezone

from altiplano.runs.models import (
    Answer,
    Citation,
    Run,
    RunState,
)
from tests.integration.web.conftest import QUOTE, TEXT

pytestmark = pytest.mark.django_db

PAGE = "/a/green-schools/garden/"
FRAME = PAGE + "embed/"
START = TEXT.index(QUOTE)


def visitor() -> Client:
    return Client(raise_request_exception=False)


def ask(client: Client, question: str = "How long?", place: str = PAGE, **fields) -> Run:
    response = client.post(place, {"input": question, **fields})
    assert response.status_code == 302, response.content.decode()[:500]
    run_id = re.search(r"/runs/([0-9a-f-]{36})/$", response["Location"])[1]
    return Run.unscoped.get(pk=run_id)


def answer(run: Run, garden) -> None:
    """The run is over, and cites the document; it was shown a little more of it."""
    passage = {
        "chunk_id": 1, "document_id": str(garden.document.id), "document_name": "composting.pdf",
        "page": 2, "start": 0, "end": len(TEXT), "text": TEXT,
    }  # fmt: skip
    Answer.objects.create(
        run=run,
        text="It is mature after six months [1].",
        events=[{"type": "passages.found", "passages": [passage]}],
    )
    Citation.objects.create(
        run=run, ordinal=1, n=1, chunk_id=1, document_id=garden.document.id,
        document_name="composting.pdf", page=2, start=START, end=START + len(QUOTE), quote=QUOTE,
        answer_start=0, answer_end=34,
    )  # fmt: skip
    Run.unscoped.filter(pk=run.pk).update(state=RunState.FINISHED, finished_at=timezone.now())


def addresses_of(run: Run, garden, place: str = PAGE) -> dict[str, tuple[str, str]]:
    """Everything that can be done with a run: method and address by name."""
    here = f"{place}runs/{run.id}/"
    span = f"?start={START}&end={START + len(QUOTE)}"
    return {
        "page": ("GET", here),
        "events": ("GET", here + "events/"),
        "cancel": ("POST", here + "cancel/"),
        "feedback": ("POST", here + "feedback/"),
        "report": ("POST", here + "report/"),
        "source": ("GET", f"{here}sources/{garden.document.id}/{span}"),
    }


BODIES = {"feedback": {"verdict": "good"}, "report": {"reason": "wrong"}}


def go(client: Client, name: str, method: str, address: str) -> int:
    if method == "GET":
        return client.get(address).status_code
    return client.post(address, BODIES.get(name, {})).status_code


def frame_of(client: Client, **query: str) -> str:
    """The address, with its key, at which a frame that was just opened asks."""
    page = client.get(FRAME, query).content.decode()
    return re.search(r'action="(/a/green-schools/garden/embed/[^"/]+/)"', page)[1]

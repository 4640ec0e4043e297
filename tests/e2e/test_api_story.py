"""The story by API: one's own documents, their states, an app, its answers, and the way back."""

import io
import re
import subprocess
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import openai
import pytest
from reportlab.lib.pagesizes import A4
from reportlab.pdfgen.canvas import Canvas

from tests.e2e.conftest import Platform

ROOT = Path(__file__).resolve().parents[2]


def long_pdf(pages: int) -> bytes:
    """Every page says one thing that no other says."""
    buffer = io.BytesIO()
    canvas = Canvas(buffer, pagesize=A4)
    for number in range(1, pages + 1):
        canvas.drawString(
            60, 780, f"Chapter {number}. Shed number {number} holds {number * 3} rakes."
        )
        canvas.drawString(60, 760, f"Its key hangs on hook {1000 + number} in the hall.")
        canvas.showPage()
    canvas.save()
    return buffer.getvalue()


@pytest.fixture
def collection(platform: Platform):
    found = platform.api("POST", "/collections", status=201, json={"name": "Sheds"})
    yield found["id"]
    platform.api("DELETE", f"/collections/{found['id']}", status=204)


def test_long_pdf_and_twenty_files_at_once_become_an_app_that_forgets_what_is_deleted(
    platform, collection
):
    address = f"/collections/{collection}/documents"
    notes = [
        ("file", (f"note-{n}.txt", f"Gate {n} opens at {n} o'clock.".encode())) for n in range(19)
    ]
    broken = ("file", ("broken.pdf", b"%PDF-1.7\nthis is no PDF at all"))
    with ThreadPoolExecutor(2) as pool:
        long_one = pool.submit(
            platform.api, "POST", address, status=202,
            files=[("file", ("sheds.pdf", long_pdf(100)))],
        )  # fmt: skip
        small_ones = pool.submit(platform.api, "POST", address, status=202, files=[*notes, broken])
        received = small_ones.result()
        sheds = long_one.result()[0]["id"]

    assert [document["name"] for document in received][-1] == "broken.pdf"
    for document in received[:-1]:
        assert platform.wait_for(document["id"], "ready", "failed")["state"] == "ready"
    failed = platform.wait_for(received[-1]["id"], "ready", "failed")
    assert failed["state"] == "failed"
    assert re.fullmatch(r"The PDF .+\.", failed["reason"])
    ready = platform.wait_for(sheds, "ready", "failed")
    assert (ready["state"], ready["pages"], ready["progress"]) == ("ready", 100, 1.0)

    platform.api("POST", f"/documents/{failed['id']}/retry", status=204)
    assert platform.wait_for(failed["id"], "failed")["reason"] == failed["reason"]

    hits = platform.api(
        "POST", f"/collections/{collection}/search", json={"query": "key of shed number 77", "k": 5}
    )["hits"]
    hit = next(each for each in hits if "hook 1077" in each["text"])
    assert hit["page"] == 77
    text = platform.api("GET", f"/documents/{hit['document_id']}/text")["text"]
    assert text[hit["start"] : hit["end"]] == hit["text"]

    app = platform.api(
        "POST", "/apps", status=201,
        json={"name": "Shed keeper", "collections": [collection], "template": "cited-answer"},
    )  # fmt: skip
    version = platform.api("POST", f"/apps/{app['id']}/versions", status=201)["version"]
    platform.api("POST", f"/apps/{app['id']}/publish", json={"version": version})
    question = {"input": "Where does the key of shed number 77 hang?"}
    run = platform.api("POST", f"/apps/{app['id']}/runs", json=question)
    assert run["state"] == "finished"
    assert not run["abstained"], run["answer"]

    platform.api("DELETE", f"/documents/{sheds}", status=204)
    hits = platform.api(
        "POST", f"/collections/{collection}/search", json={"query": "key of shed number 77"}
    )["hits"]
    assert all(each["document_id"] != sheds for each in hits)
    after = platform.api("POST", f"/apps/{app['id']}/runs", json=question)
    assert all(each["document_id"] != sheds for each in after["citations"])
    assert "1077" not in after["answer"]
    platform.api("DELETE", f"/apps/{app['id']}", status=204)


def test_document_can_be_cancelled_while_it_is_read(platform, collection):
    document = platform.api(
        "POST", f"/collections/{collection}/documents", status=202,
        files=[("file", ("sheds.pdf", long_pdf(400)))],
    )[0]["id"]  # fmt: skip
    platform.wait_for(document, "parsing", "embedding")
    platform.api("POST", f"/documents/{document}/cancel", status=204)
    found = platform.api("GET", f"/documents/{document}")
    assert (found["state"], found["chunks"]) == ("cancelled", 0)
    hits = platform.api("POST", f"/collections/{collection}/search", json={"query": "shed"})["hits"]
    assert hits == []


def client(platform: Platform) -> openai.OpenAI:
    return openai.OpenAI(base_url=f"{platform.url}/v1", api_key=platform.demo["api_key"])


def test_official_openai_client_lists_the_app_and_streams_its_answer(platform):
    with client(platform) as official:
        models = [model.id for model in official.models.list()]
        name = f"{platform.demo['organization']}/{platform.demo['app_slug']}"
        assert name in models
        stream = official.chat.completions.create(
            model=name,
            messages=[{"role": "user", "content": "How long does compost take to mature?"}],
            stream=True,
        )
        chunks = list(stream)
    said = [chunk.choices[0].delta.content for chunk in chunks if chunk.choices]
    assert len([text for text in said if text]) > 3
    assert chunks[-1].choices[0].finish_reason == "stop"
    assert any(getattr(chunk, "citations", None) for chunk in chunks)


def test_official_openai_client_gets_a_whole_answer_too(platform):
    with client(platform) as official:
        answer = official.chat.completions.create(
            model=f"{platform.demo['organization']}/{platform.demo['app_slug']}",
            messages=[{"role": "user", "content": "When do the reading pairs meet?"}],
        )
    assert answer.choices[0].message.content
    assert answer.usage.completion_tokens > 0


def test_tutorial_works_as_it_is_written(platform):
    """Every sample of the tutorial, one after the other in one shell."""
    page = (ROOT / "docs/tutorials/first-app-by-api.md").read_text(encoding="utf-8")
    samples = re.findall(r"```bash\n(.*?)```", page, flags=re.DOTALL)
    script = "set -euo pipefail\n" + "\n".join(samples)
    ran = subprocess.run(
        ["/bin/bash", "-c", script],
        env={"PATH": "/usr/local/bin:/usr/bin:/bin", "ALTIPLANO_HOME": str(platform.home)},
        capture_output=True,
        text=True,
        timeout=240,
        check=False,
    )
    assert ran.returncode == 0, ran.stdout[-2000:] + ran.stderr[-2000:]
    assert "loans.txt" in ran.stdout
    assert "event: run.finished" in ran.stdout

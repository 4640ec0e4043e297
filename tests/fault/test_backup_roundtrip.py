"""A backup of a running platform, restored into an empty folder, answers the same."""

import json
import sys
import urllib.error
import urllib.request

import pytest

from altiplano.ops.demo import QUESTION
from tests.fault.running import Running, running, wait_until

pytestmark = [
    pytest.mark.fault,
    pytest.mark.skipif(sys.platform != "linux", reason="looks at processes through /proc"),
]


def call(one: Running, demo, path, body):
    request = urllib.request.Request(
        f"http://127.0.0.1:{one.port}/api/v1{path}",
        json.dumps(body).encode(),
        {"Authorization": f"Bearer {demo['api_key']}", "Content-Type": "application/json"},
    )
    with urllib.request.urlopen(request, timeout=120) as reply:  # noqa: S310 - our own address
        return json.loads(reply.read())


def hits(one: Running, demo):
    """What a search finds, with ids and exact places; nothing while the index is not there."""
    path = f"/collections/{demo['collection']}/search"
    try:
        found = call(one, demo, path, {"query": QUESTION})["hits"]
    except urllib.error.HTTPError as error:
        if error.code != 503:
            raise
        return []
    return [(hit["chunk_id"], hit["start"], hit["end"], hit["text"]) for hit in found]


def answers(one: Running, demo):
    """What the platform finds and cites."""
    run = call(one, demo, f"/apps/{demo['app']}/runs", {"input": QUESTION})
    return {
        "hits": hits(one, demo),
        "cited": sorted({citation["document_name"] for citation in run["citations"]}),
        "state": run["state"],
    }


def test_restored_platform_answers_the_same(tmp_path):
    archive = tmp_path / "backup.tar"
    with running(tmp_path / "first") as one:
        demo = json.loads((one.home / "demo.json").read_text())
        before = answers(one, demo)
        written = one.command("backup", "--to", str(archive), "--with-secret-key")
        assert written.returncode == 0, written.stderr

    restored = Running(tmp_path / "second")
    said = restored.command("restore", "--from", str(archive))
    assert said.returncode == 0, said.stderr
    assert not (restored.home / "indexes").exists()

    # Without the demo seed: everything comes from the archive, the API key included.
    restored.start("--no-demo")
    try:
        restored.wait_ready()
        wait_until(lambda: hits(restored, demo), seconds=60, what="the index is rebuilt")
        assert (before["state"], bool(before["cited"])) == ("finished", True)
        assert answers(restored, demo) == before
    finally:
        restored.end()

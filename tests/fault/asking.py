"""Asking a running platform, as programs and browsers do."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import httpx2 as httpx

from tests.stack import Stack

SECONDS = 30


class Asker:
    """One person's key and app at a running stack."""

    def __init__(self, stack: Stack, who: str = "alice") -> None:
        self.stack = stack
        self.key = stack.people[f"{who}_key"]
        self.app = stack.people[f"{who}_app"]
        self.http = httpx.Client(
            base_url=stack.url,
            headers={"Authorization": f"Bearer {self.key}"},
            timeout=SECONDS,
            trust_env=False,
        )

    def close(self) -> None:
        self.http.close()

    def ask(self, question: str = "Hello?", **extra: Any) -> httpx.Response:
        """The whole answer."""
        return self.http.post(f"/api/v1/apps/{self.app}/runs", json={"input": question, **extra})

    @contextmanager
    def stream(self, question: str = "Hello?") -> Iterator[Iterator[dict[str, Any]]]:
        """The events of a new run; leaving the block closes the connection."""
        body = {"input": question, "stream": True}
        with self.http.stream("POST", f"/api/v1/apps/{self.app}/runs", json=body) as response:
            assert response.status_code == 200, response.read()
            yield read_events(response)

    @contextmanager
    def follow(self, run_id: str, *, after: str = "") -> Iterator[Iterator[dict[str, Any]]]:
        headers = {"Last-Event-ID": after} if after else {}
        with self.http.stream("GET", f"/api/v1/runs/{run_id}/events", headers=headers) as response:
            assert response.status_code == 200, response.read()
            assert response.headers["x-accel-buffering"] == "no"
            assert "no-cache" in response.headers["cache-control"]
            yield read_events(response)

    def run(self, run_id: str) -> dict[str, Any]:
        return self.http.get(f"/api/v1/runs/{run_id}").json()


def read_events(response: httpx.Response) -> Iterator[dict[str, Any]]:
    """Events as they come, each with its id."""
    event: dict[str, Any] = {}
    for line in response.iter_lines():
        if line.startswith("id: "):
            event["id"] = line[4:]
        elif line.startswith("data: "):
            event.update(json.loads(line[6:]))
        elif not line and "type" in event:
            yield event
            event = {}


def text_of(events: list[dict[str, Any]]) -> str:
    return "".join(event["text"] for event in events if event["type"] == "answer.delta")


def take(events: Iterator[dict[str, Any]], count: int) -> list[dict[str, Any]]:
    return [next(events) for _ in range(count)]

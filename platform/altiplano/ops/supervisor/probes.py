"""How to tell that a part works: ask it what it is there to answer."""

import asyncio
import http.client
import json
from collections.abc import Awaitable, Callable
from dataclasses import dataclass

Probe = Callable[[], Awaitable[bool]]

ANSWER_SECONDS = 5.0


@dataclass(frozen=True, slots=True)
class HttpReply:
    status: int
    body: bytes

    def json(self) -> dict[str, object]:
        """The body as an object; empty when it is something else."""
        try:
            value = json.loads(self.body)
        except ValueError:
            return {}
        return value if isinstance(value, dict) else {}


def _get(host: str, port: int, path: str) -> HttpReply | None:
    connection = http.client.HTTPConnection(host, port, timeout=ANSWER_SECONDS)
    try:
        connection.request("GET", path, headers={"Connection": "close"})
        response = connection.getresponse()
        return HttpReply(response.status, response.read(1_000_000))
    except (OSError, http.client.HTTPException):
        return None
    finally:
        connection.close()


async def fetch(host: str, port: int, path: str) -> HttpReply | None:
    """The reply of a local server; None when there is none in time."""
    return await asyncio.to_thread(_get, host, port, path)


def http_probe(host: str, port: int, path: str) -> Probe:
    """Works when the address answers 200."""

    async def probe() -> bool:
        reply = await fetch(host, port, path)
        return reply is not None and reply.status == http.client.OK

    return probe


def broker_probe(port: int, password: str) -> Probe:
    """Works when the broker takes the password and answers a PING."""

    async def ask() -> bool:
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        try:
            writer.write(f"AUTH {password}\r\nPING\r\n".encode())
            await writer.drain()
            return (await reader.readline(), await reader.readline()) == (b"+OK\r\n", b"+PONG\r\n")
        finally:
            writer.close()

    async def probe() -> bool:
        try:
            return await asyncio.wait_for(ask(), ANSWER_SECONDS)
        except (OSError, TimeoutError):
            return False

    return probe

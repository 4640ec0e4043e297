"""Connections to Redis for an event loop: bounded, waiting for a free one, with short limits."""

import asyncio

import redis.asyncio as redis


def connect_redis(url: str, *, connections: int, socket_seconds: float = 5.0) -> redis.Redis:
    """A client with at most ``connections`` connections, all made on demand.

    ``socket_seconds`` must be longer than any blocking command. Replies are those of protocol 2.
    """
    pool = redis.BlockingConnectionPool.from_url(
        url,
        protocol=2,
        max_connections=connections,
        timeout=socket_seconds,
        socket_timeout=socket_seconds,
        socket_connect_timeout=2.0,
        health_check_interval=30,
    )
    return redis.Redis.from_pool(pool)


def heed_cancellation() -> None:
    """Raises CancelledError in a task that was cancelled but did not notice.

    redis-py sends through ``asyncio.wait_for``, which before Python 3.12 swallows a cancellation
    that comes together with its result. Loops that must end call this once a round.
    """
    task = asyncio.current_task()
    if task is not None and task.cancelling():
        raise asyncio.CancelledError

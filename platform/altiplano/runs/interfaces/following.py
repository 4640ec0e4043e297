"""A run's events, from the first one or from where a reader was cut off."""

from collections.abc import AsyncIterator

from django.http import HttpResponse
from django.http.response import HttpResponseBase

from altiplano.accounts.principal import Principal
from altiplano.runs import queries
from altiplano.runs.interfaces.sse import frame_run, stream_response
from altiplano.runs.models import Run
from altiplano.runs.relay import RunReader, current_relay
from altiplano.runs.stream_positions import START, parse_position


async def follow_run(principal: Principal, run: Run, *, after: str | None) -> HttpResponseBase:
    """Server-sent events after the one that ``after`` names; 204 after the last one.

    The caller has found the run for ``principal``. Raises InvalidInputError, LimitReachedError.
    """
    position = parse_position(after) if after else START
    reader = current_relay().read(principal, run, after=position)
    if position != START and queries.is_over(run):
        return await _rest_of(reader)
    return stream_response(frame_run(reader), reader)


async def _rest_of(reader: RunReader) -> HttpResponseBase:
    """What is left of a run that is over; without anything left, the word to stop asking."""
    chunks = frame_run(reader)
    opening = await anext(chunks)
    first = await anext(chunks, None)
    if first is None:
        return HttpResponse(status=204)

    async def all_chunks() -> AsyncIterator[bytes]:
        yield opening + first
        async for chunk in chunks:
            yield chunk

    return stream_response(all_chunks(), reader)

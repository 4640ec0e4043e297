"""A table as a CSV download that is read while it is sent, however long it is."""

from collections.abc import AsyncIterator, Iterator

from django.http import StreamingHttpResponse

from altiplano.kernel.database_threads import read_database
from altiplano.kernel.tables_as_text import (
    BYTE_ORDER_MARK,
    Row,
    separator_of_language,
    write_rows,
)


def stream_table(*, name: str, headings: Row, pieces: Iterator[list[Row]]) -> StreamingHttpResponse:
    """The headings and rows as the file ``name``, one piece at a time in memory.

    Each piece is read on a thread of the database, which knows no language: what must be translated
    is translated before. ``pieces`` keeps no query open from one piece to the next.
    """
    return StreamingHttpResponse(
        _encode([str(each) for each in headings], pieces, separator_of_language()),
        content_type="text/csv; charset=utf-8",
        headers={
            "Content-Disposition": f'attachment; filename="{name}"',
            "Cache-Control": "private, no-store",
            "X-Content-Type-Options": "nosniff",
        },
    )


async def _encode(
    headings: Row, pieces: Iterator[list[Row]], separator: str
) -> AsyncIterator[bytes]:
    yield (BYTE_ORDER_MARK + write_rows([headings], separator)).encode()
    while (rows := await read_database(lambda: next(pieces, None))) is not None:
        yield write_rows(rows, separator).encode()

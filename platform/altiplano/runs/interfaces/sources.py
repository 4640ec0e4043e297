"""A source of an answer: the passage in its surroundings, on a page or in the pane beside a chat."""

from collections.abc import Callable, Mapping

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils.translation import gettext_lazy as _
from django.views.decorators.http import require_safe

from altiplano.accounts.interfaces.auth import member_required
from altiplano.accounts.principal import Principal
from altiplano.kernel.errors import NotFoundError
from altiplano.knowledge.interfaces.excerpts import Excerpt, excerpt_at
from altiplano.runs import queries
from altiplano.runs.interfaces.asking import is_part
from altiplano.runs.interfaces.chat_routes import ChatRoutes, member_routes
from altiplano.runs.models import Run
from altiplano.runs.sources import Source, source_of

CONTEXT_CHARS = 1_500
"""How much a reader of an answer sees on each side of a passage."""


@require_safe
@member_required
def show_source(
    request: HttpRequest, principal: Principal, run_id: str, document_id: str
) -> HttpResponse:
    run = queries.get_visible_run(principal, run_id)
    return render_source(request, run, document_id, member_routes(run.app_id))


def render_source(
    request: HttpRequest,
    run: Run,
    document_id: str,
    routes: ChatRoutes,
    *,
    excerpt_of: Callable[[Source], Excerpt | None] | None = None,
    page: str = "runs/source.html",
    words: Mapping[str, object] | None = None,
) -> HttpResponse:
    """The passage that ``start`` and ``end`` name. The caller has checked that the reader may see
    the run. ``excerpt_of`` says how much of the document is shown around it; ``page`` is what it
    stands in without a script, with ``words`` of its own. Raises NotFoundError for a passage that
    is not the run's.
    """
    start, end = _number(request, "start"), _number(request, "end")
    source = source_of(run, document_id, start=start, end=end)
    here = routes.of_run(run.id)
    context = {
        **(words or {}),
        "run": run,
        "here": here,
        "source": source,
        "excerpt": (excerpt_of or surroundings_of)(source),
        "document_address": (
            here.document_of(source.document_id, start, end) if source.text is not None else ""
        ),
    }
    return render(request, "runs/_source.html" if is_part(request) else page, context)


def surroundings_of(source: Source) -> Excerpt | None:
    """None where the text is gone, or no longer says there what the answer rests on."""
    if source.text is None or source.text[source.start : source.end] != source.quote:
        return None
    return excerpt_at(
        source.text,
        source.pages,
        start=source.start,
        end=source.end,
        context=CONTEXT_CHARS,
        is_printed=source.is_printed,
    )


def _number(request: HttpRequest, name: str) -> int:
    raw = request.GET.get(name, "")
    if not (raw.isascii() and raw.isdigit() and len(raw) < 10):
        raise NotFoundError(_("This address names no passage."))
    return int(raw)

"""The page that says what an organization used, and the same as files for a spreadsheet."""

from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from typing import Final

from django.http import HttpRequest, HttpResponse, StreamingHttpResponse
from django.shortcuts import render
from django.utils import timezone as clock
from django.utils.formats import date_format
from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext
from django.views.decorators.http import require_safe

from altiplano.accounts.interfaces.auth import member_required
from altiplano.accounts.models import Membership
from altiplano.accounts.principal import Principal
from altiplano.kernel.errors import InvalidInputError
from altiplano.knowledge.queries import stored_bytes
from altiplano.runs.domain.quota import remaining_quota
from altiplano.runs.interfaces.usage_files import FILES, stream_csv
from altiplano.runs.periods import Period, Step
from altiplano.runs.usage import SpanUsage, Usage, read_collections, read_usage
from altiplano.web.charts import BarChart, draw_bars
from altiplano.web.templatetags.altiplano import grouped

LENGTHS: Final = (7, 30, 90)
USUAL_LENGTH: Final = 30
MAX_LENGTH: Final = 366
SHOWN_APPS: Final = 20


@dataclass(frozen=True, slots=True)
class StepWords:
    """How the page speaks of days, weeks or months; dates in Django's formats."""

    title: Promise
    heading: Promise
    table_title: Promise
    in_table: str
    in_chart: str
    in_chart_first: str
    """Also where a year begins, so that a phone has room for the others."""


STEP_WORDS: Final = {
    Step.DAY: StepWords(
        gettext_lazy("By day"),
        gettext_lazy("Day"),
        gettext_lazy("The same as a table, without the days on which nothing was asked"),
        in_table="j N Y",
        in_chart="j N",
        in_chart_first="j N",
    ),
    Step.WEEK: StepWords(
        gettext_lazy("By week"),
        gettext_lazy("Week from"),
        gettext_lazy("The same as a table, without the weeks in which nothing was asked"),
        in_table="j N Y",
        in_chart="j N",
        in_chart_first="j N",
    ),
    Step.MONTH: StepWords(
        gettext_lazy("By month"),
        gettext_lazy("Month"),
        gettext_lazy("The same as a table, without the months in which nothing was asked"),
        in_table="N Y",
        in_chart="N",
        in_chart_first="N Y",
    ),
}


def read_period(request: HttpRequest, today: date) -> Period:
    """The days that the address names: the last 7, 30 or 90, or ``from`` … ``to``.

    Raises InvalidInputError with a sentence for what is no day, no period, or too long a one.
    """
    first, last = request.GET.get("from", ""), request.GET.get("to", "")
    if not (first or last):
        days = request.GET.get("days", "")
        length = int(days) if days in {str(each) for each in LENGTHS} else USUAL_LENGTH
        return Period(today - timedelta(days=length - 1), today)
    try:
        period = Period(date.fromisoformat(first), date.fromisoformat(last))
    except ValueError:
        raise InvalidInputError(_("Give the first and the last day, both.")) from None
    if period.length < 1:
        raise InvalidInputError(_("The last day comes before the first one."))
    if period.length > MAX_LENGTH:
        raise InvalidInputError(
            _("Choose at most %(limit)s days at once."), params={"limit": MAX_LENGTH}
        )
    return period


@require_safe
@member_required
def show_usage(request: HttpRequest, principal: Principal) -> HttpResponse:
    """What was asked, answered, spent and stored; people by name for owners alone."""
    principal.require("read")
    today = datetime.now(UTC).date()
    problem = ""
    try:
        period = read_period(request, today)
    except InvalidInputError as error:
        problem = str(error.message)
        period = Period(today - timedelta(days=USUAL_LENGTH - 1), today)
    usage = read_usage(principal.organization_id, period, with_people="manage" in principal.scopes)
    quota = remaining_quota(principal.organization_id)
    used, limit = stored_bytes(principal.organization_id), principal.limits.storage_bytes
    context = {
        "section": "usage",
        "usage": usage,
        "apps": usage.apps[:SHOWN_APPS],
        "unlisted_apps": len(usage.apps[SHOWN_APPS:]),
        "charts": draw_charts(usage),
        "step": STEP_WORDS[period.step],
        "rows": _asked_in(usage.spans, STEP_WORDS[period.step]),
        "lengths": LENGTHS,
        "chosen_length": period.length if period.last == today else None,
        "from": request.GET.get("from") or period.first.isoformat(),
        "to": request.GET.get("to") or period.last.isoformat(),
        "is_own_period": bool(request.GET.get("from") or request.GET.get("to")),
        "today": today,
        "problem": problem,
        "quota": quota,
        "storage": {"used": used, "limit": limit},
        "collections": read_collections(principal.organization_id),
        "members": Membership.objects.within(principal.organization_id).count(),
        "may_see_people": "manage" in principal.scopes,
        "address_query": f"from={period.first.isoformat()}&to={period.last.isoformat()}",
    }
    return render(request, "runs/usage.html", context, status=400 if problem else 200)


def _asked_in(spans: list[SpanUsage], words: StepWords) -> list[tuple[str, SpanUsage]]:
    """The lines of the table: the spans in which something was asked, each with its date."""
    return [
        (date_format(each.span.first, words.in_table), each) for each in spans if each.amounts.asked
    ]


def draw_charts(usage: Usage) -> list[BarChart]:
    """Questions, tokens and people of every day, week or month."""
    words = STEP_WORDS[usage.period.step]
    firsts = [each.span.first for each in usage.spans]
    years = [0, *(day.year for day in firsts)]
    labels = [
        date_format(day, words.in_chart if day.year == before else words.in_chart_first)
        for day, before in zip(firsts, years, strict=False)
    ]
    asked, tokens = usage.total.asked, usage.total.tokens
    period = {
        "first": date_format(usage.period.first, "j F Y"),
        "last": date_format(usage.period.last, "j F Y"),
    }
    drawn: tuple[tuple[str, str, list[int]], ...] = (
        (
            _("Questions"),
            ngettext(
                "%(count)s question from %(first)s to %(last)s.",
                "%(count)s questions from %(first)s to %(last)s.",
                asked,
            )
            % {"count": grouped(asked), **period},
            [each.amounts.asked for each in usage.spans],
        ),
        (
            _("Tokens"),
            ngettext(
                "%(count)s token from %(first)s to %(last)s.",
                "%(count)s tokens from %(first)s to %(last)s.",
                tokens,
            )
            % {"count": grouped(tokens), **period},
            [each.amounts.tokens for each in usage.spans],
        ),
        (
            _("People who asked"),
            ngettext(
                "%(count)s person asked from %(first)s to %(last)s.",
                "%(count)s people asked from %(first)s to %(last)s.",
                usage.people_count,
            )
            % {"count": grouped(usage.people_count), **period},
            [each.people for each in usage.spans],
        ),
    )
    return [
        draw_bars(
            list(zip(labels, values, strict=True)),
            title=title,
            summary=summary,
            label_heading=str(words.heading),
            empty_text=_("Nothing in these days."),
            say=grouped,
        )
        for title, summary, values in drawn
    ]


@require_safe
@member_required
def save_usage(request: HttpRequest, principal: Principal, table: str) -> StreamingHttpResponse:
    """One of the page's tables as a file. The one of people is for owners."""
    principal.require("read")
    file = FILES[table]
    if file.needs_owner:
        principal.require("manage")
    period = read_period(request, clock.now().date())
    return stream_csv(file, principal, period)

"""What people reported, for those who build the organization's apps."""

from dataclasses import dataclass
from typing import Any

from django.contrib import messages
from django.core.paginator import Paginator
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST, require_safe

from altiplano.accounts.interfaces.auth import member_required
from altiplano.accounts.principal import Principal
from altiplano.kernel.errors import InvalidInputError
from altiplano.runs.domain.reports import close_report
from altiplano.runs.models import Report, ReportState

PAGE_SIZE = 20


@dataclass(frozen=True, slots=True)
class RefusedNote:
    """What somebody wrote about a report, and why it was not stored."""

    report_id: object
    text: str
    problem: str


@require_safe
@member_required
def list_reports(request: HttpRequest, principal: Principal) -> HttpResponse:
    """The open ones, the oldest first; with ``state=closed`` the others, the newest first."""
    principal.require("write")
    is_closed = request.GET.get("state") == ReportState.CLOSED
    return _render(request, principal, request.GET.get("page"), is_closed=is_closed)


def _render(
    request: HttpRequest,
    principal: Principal,
    number: str | None,
    *,
    is_closed: bool = False,
    refused: RefusedNote | None = None,
) -> HttpResponse:
    reports = (
        Report.objects.within(principal.organization_id)
        .filter(state=ReportState.CLOSED if is_closed else ReportState.OPEN)
        .select_related("run__app", "user", "closed_by")
        .order_by("-closed_at" if is_closed else "created_at", "id")
    )
    page = Paginator(reports, PAGE_SIZE).get_page(number)
    context: dict[str, Any] = {"page": page, "is_closed": is_closed, "refused": refused}
    if refused:
        context["list_address"] = reverse("runs:reports")
    return render(request, "runs/reports.html", context, status=400 if refused else 200)


@require_POST
@member_required
def close(request: HttpRequest, principal: Principal, report_id: str) -> HttpResponse:
    """Somebody has looked at it; a note that is refused stands in its form again."""
    report = Report.objects.get_within(principal.organization_id, report_id)
    note = request.POST.get("note", "")
    try:
        close_report(principal=principal, report=report, note=note)
    except InvalidInputError as error:
        refused = RefusedNote(report.id, note, error.message)
        return _render(request, principal, request.POST.get("page"), refused=refused)
    messages.success(request, _("The report is closed."))
    return redirect("runs:reports")

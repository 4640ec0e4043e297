"""What people reported, for those who build the organization's apps."""

from django.contrib import messages
from django.core.paginator import Paginator
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST, require_safe

from altiplano.accounts.interfaces.auth import member_required
from altiplano.accounts.principal import Principal
from altiplano.runs.domain.reports import close_report
from altiplano.runs.models import Report, ReportState

PAGE_SIZE = 20


@require_safe
@member_required
def list_reports(request: HttpRequest, principal: Principal) -> HttpResponse:
    """The open ones, the oldest first; with ``state=closed`` the others, the newest first."""
    principal.require("write")
    is_closed = request.GET.get("state") == ReportState.CLOSED
    reports = (
        Report.objects.within(principal.organization_id)
        .filter(state=ReportState.CLOSED if is_closed else ReportState.OPEN)
        .select_related("run__app", "user", "closed_by")
        .order_by("-closed_at" if is_closed else "created_at", "id")
    )
    page = Paginator(reports, PAGE_SIZE).get_page(request.GET.get("page"))
    return render(request, "runs/reports.html", {"page": page, "is_closed": is_closed})


@require_POST
@member_required
def close(request: HttpRequest, principal: Principal, report_id: str) -> HttpResponse:
    report = Report.objects.get_within(principal.organization_id, report_id)
    close_report(principal=principal, report=report, note=request.POST.get("note", ""))
    messages.success(request, _("The report is closed."))
    return redirect("runs:reports")

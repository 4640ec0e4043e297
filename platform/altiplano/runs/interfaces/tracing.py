"""The page of a run's trace."""

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe

from altiplano.accounts.interfaces.auth import member_required
from altiplano.accounts.principal import Principal
from altiplano.runs.interfaces.asking import is_part
from altiplano.runs.judgements import evaluations_of
from altiplano.runs.tracing import trace_for


@require_safe
@member_required
def show_trace(request: HttpRequest, principal: Principal, run_id: str) -> HttpResponse:
    """How the answer came about; for the chat's script a part without the page around it."""
    trace = trace_for(principal, run_id)
    context = {"trace": trace, "evaluations": evaluations_of(trace.run)}
    template = "runs/_trace_part.html" if is_part(request) else "runs/trace.html"
    return render(request, template, context)

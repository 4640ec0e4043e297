"""Pages that belong to no area."""

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_safe

from altiplano.web.landing import landing_app, landing_parts


@require_safe
def show_landing(request: HttpRequest) -> HttpResponse:
    """What this is and for whom, with an app to try; members go to their own first page."""
    if request.user.is_authenticated:
        return redirect("studio:home")
    context = {
        "app": landing_app(),
        "parts": landing_parts(),
        "operator": settings.OPERATOR,
        "max_question_chars": settings.MAX_QUESTION_CHARS,
    }
    return render(request, "web/landing.html", context)

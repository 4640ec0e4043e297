"""Pages that belong to no area."""

from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_safe


@require_safe
def show_landing(request: HttpRequest) -> HttpResponse:
    """What the product is, in one sentence; people who are signed in go to their own first page."""
    if request.user.is_authenticated:
        return redirect("studio:home")
    return render(request, "web/landing.html")

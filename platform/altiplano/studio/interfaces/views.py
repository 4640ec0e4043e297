"""The first page after sign-in."""

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe

from altiplano.accounts.interfaces.auth import member_required
from altiplano.accounts.principal import Principal
from altiplano.kernel.attention import attention_for
from altiplano.knowledge.queries import collections_of
from altiplano.studio import queries

MOST_APPS = 12


@require_safe
@member_required
def home(request: HttpRequest, principal: Principal) -> HttpResponse:
    """The organization's apps and collections with their states, and what waits for the reader."""
    found = list(queries.apps_of(principal.organization_id)[: MOST_APPS + 1])
    context = {
        "section": "home",
        "attention": attention_for(principal.organization_id, principal.scopes),
        "apps": found[:MOST_APPS],
        "has_more_apps": len(found) > MOST_APPS,
        "collections": collections_of(principal.organization_id),
        "may_write": "write" in principal.scopes,
    }
    return render(request, "studio/home.html", context)

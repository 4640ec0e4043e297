"""Pages for an organization as a whole: what it says of itself, its history, and its end."""

from django.contrib import messages
from django.core.paginator import Paginator
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_safe

from altiplano.accounts import history, queries
from altiplano.accounts.countries import country_name
from altiplano.accounts.domain.ownership import change_organization, delete_organization
from altiplano.accounts.interfaces.auth import SESSION_KEY, member_required
from altiplano.accounts.interfaces.forms import HistoryForm, OrganizationForm, status_of
from altiplano.accounts.models import Membership, Organization
from altiplano.accounts.principal import Principal
from altiplano.kernel.errors import InvalidInputError
from altiplano.kernel.forms import add_domain_errors

PAGE_SIZE = 50


@require_http_methods(["GET", "HEAD", "POST"])
@member_required
def settings(request: HttpRequest, principal: Principal) -> HttpResponse:
    """What the organization says of itself, which owners change; and the ways out."""
    organization = Organization.objects.get(id=principal.organization_id)
    form = OrganizationForm(
        request.POST or None,
        initial={
            "name": organization.name,
            "kind": organization.kind,
            "country": organization.country,
        },
    )
    if request.method == "POST":
        principal.require("manage")
        if form.is_valid():
            try:
                change_organization(principal=principal, **form.cleaned_data)
            except InvalidInputError as error:
                add_domain_errors(form, error)
            else:
                messages.success(request, _("Saved."))
                return redirect("accounts:organization")
    context = {
        "section": "organization",
        "form": form,
        "organization": organization,
        "country": country_name(organization.country),
        "membership": Membership.objects.within(organization.id).get(user_id=principal.user_id),
        "may_manage": "manage" in principal.scopes,
    }
    return render(request, "accounts/organization_settings.html", context, status=status_of(form))


@require_http_methods(["GET", "HEAD", "POST"])
@member_required
def delete(request: HttpRequest, principal: Principal) -> HttpResponse:
    """Asks for the organization's name before all of it goes."""
    principal.require("manage")
    organization = Organization.objects.get(id=principal.organization_id)
    failed = False
    if request.method == "POST":
        try:
            name = delete_organization(principal=principal, typed_name=request.POST.get("name", ""))
        except InvalidInputError:
            failed = True
        else:
            request.session.pop(SESSION_KEY, None)
            messages.success(request, _("“%(name)s” is deleted.") % {"name": name})
            return redirect("studio:home")
    context = {"organization": organization, "failed": failed}
    status = 400 if failed else 200
    return render(request, "accounts/organization_delete.html", context, status=status)


@require_safe
@member_required
def show_history(request: HttpRequest, principal: Principal) -> HttpResponse:
    """Who did what in the organization, in sentences, for its owners."""
    principal.require("manage")
    form = HistoryForm(request.GET or None, [(kind.key, kind.label) for kind in history.KINDS])
    wanted = form.cleaned_data if form.is_bound and form.is_valid() else {}
    events = queries.events_of(
        principal.organization_id,
        actor=wanted.get("who", ""),
        object_types=history.object_types_of(wanted.get("what", "")),
    )
    page = Paginator(events, PAGE_SIZE).get_page(request.GET.get("page"))
    context = {
        "section": "history",
        "form": form,
        "page": page,
        "entries": history.entries_of(list(page.object_list)),
        "may_manage": True,
    }
    return render(request, "accounts/history.html", context)

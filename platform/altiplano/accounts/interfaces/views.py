"""Pages for a person's API keys and organizations."""

from typing import Any

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST

from altiplano.accounts import queries
from altiplano.accounts.domain.ownership import open_organization
from altiplano.accounts.domain.tokens import issue_token, revoke_token
from altiplano.accounts.interfaces.auth import SESSION_KEY, member_required
from altiplano.accounts.interfaces.forms import OrganizationForm, TokenForm, status_of
from altiplano.accounts.models import User
from altiplano.accounts.principal import Principal
from altiplano.kernel.errors import InvalidInputError, NotFoundError
from altiplano.kernel.forms import add_domain_errors


@require_http_methods(["GET", "HEAD", "POST"])
@member_required
def list_tokens(request: HttpRequest, principal: Principal) -> HttpResponse:
    """The keys that the person may see, a form for a new one, and the new one's key once."""
    form = TokenForm(principal, request.POST or None)
    context: dict[str, Any] = {"section": "tokens", "may_manage": "manage" in principal.scopes}
    if request.method == "POST" and form.is_valid():
        issued = issue_token(
            principal=principal,
            name=form.cleaned_data["name"],
            scopes=form.cleaned_data["scopes"],
            expires_at=form.expires_at(),
        )
        context["issued"] = issued
        form = TokenForm(principal)
    context |= {
        "form": form,
        "tokens": queries.tokens_visible_to(principal),
        "now": timezone.now(),
    }
    return render(request, "accounts/token_list.html", context)


@require_POST
@member_required
def revoke(request: HttpRequest, principal: Principal, token_id: str) -> HttpResponse:
    token = revoke_token(principal=principal, token_id=token_id)
    messages.success(request, _("The key “%(name)s” no longer works.") % {"name": token.name})
    return redirect("accounts:token-list")


@require_http_methods(["GET", "HEAD", "POST"])
@login_required
def add_organization(request: HttpRequest) -> HttpResponse:
    """The form in which a person makes an organization and becomes its owner."""
    form = OrganizationForm(request.POST or None)
    if request.method == "POST" and form.is_valid() and isinstance(request.user, User):
        try:
            organization = open_organization(user=request.user, **form.cleaned_data)
        except InvalidInputError as error:
            add_domain_errors(form, error)
        else:
            request.session[SESSION_KEY] = str(organization.id)
            return redirect("studio:home")
    return render(
        request, "accounts/organization_form.html", {"form": form}, status=status_of(form)
    )


@require_POST
@login_required
def switch_organization(request: HttpRequest) -> HttpResponse:
    """The person works in the chosen organization from now on, in this browser."""
    chosen = request.POST.get("organization", "")
    user = request.user
    mine = queries.organizations_of(user) if isinstance(user, User) else []
    if chosen not in {str(organization.id) for organization in mine}:
        raise NotFoundError(_("There is no such organization among yours."))
    request.session[SESSION_KEY] = chosen
    return redirect("studio:home")

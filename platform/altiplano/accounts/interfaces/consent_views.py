"""Pages on which an organization sees, gives and withdraws its consents."""

from typing import Any

from django.contrib import messages
from django.core.paginator import Paginator
from django.http import HttpRequest, HttpResponse, StreamingHttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.http import urlencode
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_safe

from altiplano.accounts import consent_queries as queries
from altiplano.accounts import queries as people
from altiplano.accounts.consent_models import Consent
from altiplano.accounts.domain.consents import give_consent, withdraw_consent
from altiplano.accounts.interfaces.auth import member_required
from altiplano.accounts.interfaces.consent_files import consents_as_csv
from altiplano.accounts.interfaces.forms import ConsentForm, status_of
from altiplano.accounts.models import Organization, Role
from altiplano.accounts.principal import Principal
from altiplano.kernel.errors import ConflictError, InvalidInputError
from altiplano.kernel.forms import add_domain_errors
from altiplano.kernel.way_back import safe_address

PAGE_SIZE = 50
MOST_OWNERS = 5


@require_safe
@member_required
def show_consents(request: HttpRequest, principal: Principal) -> HttpResponse:
    """What the organization must accept, may accept ahead, and has accepted since it is here."""
    principal.require("read")
    standings = queries.standings_of(principal.organization_id)
    next_address = safe_address(request, request.GET.get("next", ""))
    consents = Paginator(queries.consents_of(principal.organization_id), PAGE_SIZE)
    may_manage = "manage" in principal.scopes
    context = {
        "section": "consents",
        "may_manage": may_manage,
        "missing": [_line(each.missing, next_address) for each in standings if each.missing],
        "coming": [_line(each.coming, next_address) for each in standings if each.coming],
        "next": next_address,
        "page": consents.get_page(request.GET.get("page")),
        "owners": [] if may_manage else _owners(principal),
    }
    return render(request, "accounts/consents.html", context)


def _line(version: Any, next_address: str) -> dict[str, Any]:
    address = reverse("accounts:consent-give", args=[version.document.slug, version.number])
    query = f"?{urlencode({'next': next_address})}" if next_address else ""
    return {
        "version": version,
        "text": queries.text_for_reader(version),
        "address": address + query,
    }


def _owners(principal: Principal) -> list[str]:
    """Whom those may ask who cannot accept themselves."""
    owners = people.members_of(principal.organization_id).filter(role=Role.OWNER)[:MOST_OWNERS]
    return [each.user.name or each.user.email for each in owners]


@require_http_methods(["GET", "HEAD", "POST"])
@member_required
def give(request: HttpRequest, principal: Principal, document: str, number: str) -> HttpResponse:
    """The whole text, and below it the form in which an owner accepts it for the organization."""
    principal.require("manage")
    version = queries.public_version(document, number)
    text = queries.text_for_reader(version, request.GET.get("language", ""))
    data = request.POST if request.method == "POST" else None
    form = ConsentForm(data, initial={"sha256": text.sha256})
    next_address = safe_address(request, request.GET.get("next", ""))
    if request.method == "POST" and form.is_valid():
        try:
            give_consent(principal=principal, text_id=text.id, **form.cleaned_data)
        except InvalidInputError as error:
            add_domain_errors(form, error)
        except ConflictError as error:
            form.add_error(None, error.message)
        else:
            messages.success(
                request,
                _("“%(title)s”, version %(version)s, is accepted.")
                % {"title": text.title, "version": version.number},
            )
            return redirect(_way_on(principal, next_address))
    context = {
        "version": version,
        "text": text,
        "languages": [each.language for each in version.texts.all()],
        "form": form,
        "organization": Organization.objects.get(id=principal.organization_id),
        "next": next_address,
        "is_ahead": version.effective_at > timezone.now() if version.effective_at else False,
    }
    return render(request, "accounts/consent_give.html", context, status=status_of(form))


def _way_on(principal: Principal, next_address: str) -> str:
    """Back to where it was needed, once nothing else is missing."""
    is_missing = any(each.missing for each in queries.standings_of(principal.organization_id))
    page = reverse("accounts:consents")
    if next_address and not is_missing:
        return next_address
    return f"{page}?{urlencode({'next': next_address})}" if next_address else page


@require_http_methods(["GET", "HEAD", "POST"])
@member_required
def withdraw(request: HttpRequest, principal: Principal, consent_id: str) -> HttpResponse:
    """Says what a withdrawal means before it is carried out."""
    principal.require("manage")
    consent = Consent.objects.get_within(principal.organization_id, consent_id)
    if request.method == "POST":
        withdraw_consent(principal=principal, consent_id=consent_id)
        messages.success(request, _("The consent is withdrawn."))
        return redirect("accounts:consents")
    return render(request, "accounts/consent_withdraw.html", {"consent": consent})


@require_safe
@member_required
def download_consents(request: HttpRequest, principal: Principal) -> StreamingHttpResponse:
    """All consents of the organization for a spreadsheet, for its owners."""
    principal.require("manage")
    return consents_as_csv(queries.consents_of(principal.organization_id))

"""Installing a plugin with the rights one gives it, changing them, and ending it."""

from collections.abc import Sequence

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST

from altiplano.accounts.interfaces.auth import member_required
from altiplano.accounts.interfaces.forms import status_of
from altiplano.accounts.principal import Principal
from altiplano.catalog import queries
from altiplano.catalog.domain import installing
from altiplano.catalog.domain.quarantine import try_plugin_again
from altiplano.catalog.interfaces.cards import card_of, rights_of
from altiplano.catalog.interfaces.forms import GrantForm
from altiplano.catalog.package_models import Installation, Package, PackageRelease
from altiplano.catalog.uses import Use, uses_of
from altiplano.catalog.wording import needs_of, sees_of
from altiplano.kernel.errors import DomainError, InvalidInputError, NotFoundError
from altiplano.kernel.forms import add_domain_errors
from altiplano_sdk import PackageManifest


@require_http_methods(["GET", "HEAD", "POST"])
@member_required
def install(request: HttpRequest, principal: Principal, slug: str) -> HttpResponse:
    """What the plugin asks for, in plain words; each right is given or not."""
    principal.require("manage")
    package = Package.objects.get_seen_by(principal.organization_id, slug)
    if queries.installation_of(principal.organization_id, package) is not None:
        return redirect("catalog:plugin", slug)
    if package.current is None:
        raise NotFoundError(_("No release of this plugin is offered at the moment."))
    manifest = PackageManifest.model_validate(package.current.manifest)
    form = GrantForm(manifest, request.POST if request.method == "POST" else None)
    if request.method == "POST" and form.is_valid():
        try:
            installing.install_package(principal=principal, slug=slug, wish=form.wish())
        except DomainError as error:
            add_domain_errors(form, error)
        else:
            said = _("“%(name)s” is installed. Builders may put it into their apps now.")
            messages.success(request, said % {"name": manifest.title})
            return redirect("catalog:plugin", slug)
    return _render_grants(request, principal, package.current, form, is_new=True)


@require_http_methods(["GET", "HEAD", "POST"])
@member_required
def change_grants(request: HttpRequest, principal: Principal, slug: str) -> HttpResponse:
    """The rights that were given, to be given anew."""
    principal.require("manage")
    installation = _installation(principal, slug)
    manifest = PackageManifest.model_validate(installation.release.manifest)
    form = GrantForm(
        manifest,
        request.POST if request.method == "POST" else None,
        granted=installation.granted,
        stored=installation.secret_names,
    )
    if request.method == "POST" and form.is_valid():
        try:
            installing.change_grants(principal=principal, slug=slug, wish=form.wish())
        except DomainError as error:
            add_domain_errors(form, error)
        else:
            messages.success(request, _("The plugin may do what you chose, from now on."))
            return redirect("catalog:plugin", slug)
    return _render_grants(request, principal, installation.release, form, is_new=False)


@require_POST
@member_required
def switch(request: HttpRequest, principal: Principal, slug: str) -> HttpResponse:
    """On or off, in all apps of the organization at once."""
    principal.require("manage")
    is_enabled = request.POST.get("do") == "on"
    installing.switch_installation(principal=principal, slug=slug, is_enabled=is_enabled)
    return redirect("catalog:plugin", slug)


@require_POST
@member_required
def try_again(request: HttpRequest, principal: Principal, slug: str) -> HttpResponse:
    """A plugin that stopped too often need not rest any longer."""
    try_plugin_again(principal=principal, slug=slug)
    messages.success(request, _("The plugin is tried again with the next question."))
    return redirect("catalog:plugin", slug)


@require_http_methods(["GET", "HEAD", "POST"])
@member_required
def uninstall(request: HttpRequest, principal: Principal, slug: str) -> HttpResponse:
    """Asks for the plugin's id, and says which apps will answer no more."""
    principal.require("manage")
    _installation(principal, slug)
    is_failed = False
    if request.method == "POST":
        try:
            name = request.POST.get("name", "")
            installing.uninstall_package(principal=principal, slug=slug, typed_name=name)
        except InvalidInputError:
            is_failed = True
        else:
            messages.success(request, _("“%(name)s” is not installed any more.") % {"name": slug})
            return redirect("catalog:installed")
    context = {
        "what": _("Uninstall the plugin"),
        "do": _("Uninstall"),
        "name": slug,
        "consequence": _consequence(uses_of(principal.organization_id, slug)),
        "cancel_url": reverse("catalog:plugin", args=[slug]),
        "failed": is_failed,
    }
    return render(request, "web/confirm.html", context, status=400 if is_failed else 200)


def _consequence(uses: Sequence[Use]) -> str:
    said = [_("Its rights, its secrets and what it has stored here go with it.")]
    apps = [use.name for use in uses if not use.reads_with]
    collections = [use.name for use in uses if use.reads_with]
    if apps:
        sentence = _("These apps use it and will not answer: %(apps)s.")
        said.append(sentence % {"apps": ", ".join(apps)})
    else:
        said.append(_("No app of yours uses it."))
    if collections:
        sentence = _(
            "These collections read with it and will take in no more documents until somebody chooses "
            "another plugin; what was read stays: %(collections)s."
        )
        said.append(sentence % {"collections": ", ".join(collections)})
    return " ".join(said)


def _installation(principal: Principal, slug: str) -> Installation:
    package = Package.objects.get_seen_by(principal.organization_id, slug)
    installation = queries.installation_of(principal.organization_id, package)
    if installation is None:
        raise NotFoundError(_("Your organization has not installed this plugin."))
    return installation


def _render_grants(
    request: HttpRequest,
    principal: Principal,
    release: PackageRelease,
    form: GrantForm,
    *,
    is_new: bool,
) -> HttpResponse:
    context = {
        "section": "installed",
        **rights_of(principal),
        "card": card_of(release),
        "sees": sees_of(release.manifest),
        "needs": needs_of(release.manifest["grants"]),
        "form": form,
        "is_new": is_new,
    }
    return render(request, "catalog/grants.html", context, status=status_of(form))

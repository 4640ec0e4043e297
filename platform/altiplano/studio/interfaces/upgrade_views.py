"""Moving to a newer release of a plugin: first what it would change, then doing it."""

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_http_methods

from altiplano.accounts.interfaces.auth import member_required
from altiplano.accounts.interfaces.forms import status_of
from altiplano.accounts.principal import Principal
from altiplano.catalog import queries
from altiplano.catalog.interfaces.cards import card_of, rights_of
from altiplano.catalog.interfaces.forms import GrantForm
from altiplano.catalog.package_models import Package
from altiplano.catalog.uses import uses_of
from altiplano.catalog.wording import new_touches, sees_of
from altiplano.kernel.errors import DomainError, NotFoundError
from altiplano.kernel.forms import add_domain_errors
from altiplano.studio.domain.plugin_upgrades import preview_upgrade, upgrade_plugin


@require_http_methods(["GET", "HEAD", "POST"])
@member_required
def upgrade(request: HttpRequest, principal: Principal, slug: str) -> HttpResponse:
    """Which apps change and how, what the newer release asks for, and the button."""
    principal.require("manage")
    package = Package.objects.get_seen_by(principal.organization_id, slug)
    installation = queries.installation_of(principal.organization_id, package)
    if installation is None:
        raise NotFoundError(_("Your organization has not installed this plugin."))
    try:
        preview = preview_upgrade(principal.organization_id, installation)
    except DomainError as error:
        messages.info(request, error.message)
        return redirect("catalog:plugin", slug)
    before, after = preview.manifests
    form = GrantForm(
        after,
        request.POST if request.method == "POST" else None,
        granted=installation.granted,
        stored=installation.secret_names,
    )
    if request.method == "POST" and form.is_valid():
        version = request.POST.get("version", "")
        try:
            changed = upgrade_plugin(
                principal=principal, slug=slug, version=version, wish=form.wish()
            )
        except DomainError as error:
            add_domain_errors(form, error)
        else:
            said = ngettext(
                "The plugin is at version %(version)s. The draft of %(count)d app changed.",
                "The plugin is at version %(version)s. The drafts of %(count)d apps changed.",
                len(changed),
            )
            messages.success(request, said % {"version": version, "count": len(changed)})
            return redirect("catalog:plugin", slug)
    context = {
        "section": "installed",
        **rights_of(principal),
        "upgrade": preview,
        "collections": [use for use in uses_of(principal.organization_id, slug) if use.reads_with],
        "card": card_of(preview.release),
        "sees": [each for each in sees_of(preview.release.manifest)
                 if each not in sees_of(installation.release.manifest)],
        "asks_for": {touch.field for touch in new_touches(before, after)},
        "form": form,
    }  # fmt: skip
    return render(request, "studio/plugin_upgrade.html", context, status=status_of(form))

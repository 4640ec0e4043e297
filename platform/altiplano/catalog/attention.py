"""What of an organization's plugins waits for someone."""

import uuid
from collections.abc import Iterator

from django.db.models import F
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _

from altiplano.catalog.package_models import PackageRelease, PackageState
from altiplano.catalog.quarantine_models import Quarantine
from altiplano.catalog.queries import installations_of
from altiplano.kernel.attention import Attention

MOST = 5


def plugins_to_see_to(organization_id: uuid.UUID, scopes: frozenset[str]) -> Iterator[Attention]:
    """Recalled plugins that are installed, newer releases, and own releases that were refused."""
    if "manage" in scopes:
        installed = installations_of(organization_id)
        for row in installed.filter(release__state=PackageState.RECALLED)[:MOST]:
            yield Attention(
                _("The plugin “%(name)s” was recalled; apps that use it do not answer.")
                % {"name": row.release.manifest["title"]},
                reverse("catalog:plugin", args=[row.package.slug]),
                _("Look at it"),
                urgency=0,
            )
        resting = Quarantine.objects.within(organization_id).filter(until__gt=timezone.now())
        for rest in resting.select_related("package").order_by("since", "id")[:MOST]:
            yield Attention(
                _("The plugin “%(name)s” stopped too often and is left alone for some minutes.")
                % {"name": rest.package.slug},
                reverse("catalog:plugin", args=[rest.package.slug]),
                _("Look at it"),
                urgency=0,
            )
        newer = installed.filter(
            release__state=PackageState.PUBLISHED, package__current__isnull=False
        ).exclude(package__current=F("release"))
        for row in newer[:MOST]:
            yield Attention(
                _("There is a newer release of the plugin “%(name)s”.")
                % {"name": row.release.manifest["title"]},
                reverse("studio:plugin-upgrade", args=[row.package.slug]),
                _("See what it would change"),
                urgency=2,
            )
    if "write" in scopes:
        refused = PackageRelease.objects.owned_by(organization_id).filter(
            state__in=(PackageState.REFUSED, PackageState.REJECTED)
        )
        later = PackageRelease.objects.owned_by(organization_id).exclude(
            state__in=(PackageState.DRAFT, PackageState.WITHDRAWN)
        )
        last = dict(later.order_by("uploaded_at").values_list("package_id", "id"))
        for release in refused.filter(id__in=last.values()).select_related("package")[:MOST]:
            yield Attention(
                _("Version %(version)s of your plugin “%(name)s” was not accepted.")
                % {"version": release.version, "name": release.manifest["title"]},
                reverse("catalog:own-package", args=[release.package.slug]),
                _("Read why"),
            )

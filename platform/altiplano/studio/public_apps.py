"""What people who are not members may reach of an app, and who says so."""

import uuid
from dataclasses import dataclass
from urllib.parse import urlsplit

from django.utils.translation import gettext_lazy as _

from altiplano.accounts.models import Organization
from altiplano.kernel.errors import NotFoundError
from altiplano.kernel.limits import Limits, joined_limits
from altiplano.studio.models import App, AppSharing, AppVersion


@dataclass(frozen=True, slots=True)
class PublicApp:
    """An app that everybody may ask at this moment."""

    app: App
    organization: Organization
    sharing: AppSharing
    version: AppVersion
    limits: Limits

    @property
    def title(self) -> str:
        return self.sharing.title or self.app.name

    @property
    def collection_ids(self) -> list[uuid.UUID]:
        """What the published version answers from; some may be gone."""
        return [uuid.UUID(str(each)) for each in self.version.collection_ids]

    def may_be_embedded_by(self, origin: str) -> bool:
        """Whether pages of this origin may show the chat in a frame."""
        parts = urlsplit(origin)
        return parts.scheme in {"http", "https"} and parts.netloc in self.sharing.domains


def find_public_app(organization_slug: str, app_slug: str) -> PublicApp:
    """The app behind a public address, in one query.

    Raises NotFoundError alike for an app that is not there, is private, has nothing published, or
    whose organization may not share: strangers cannot tell these apart.
    """
    app = (
        App.unscoped.select_related("organization__limits", "published_version", "sharing")
        .filter(
            organization__slug=organization_slug,
            organization__is_suspended=False,
            slug=app_slug,
            sharing__is_public=True,
            published_version__isnull=False,
        )
        .first()
    )
    limits = joined_limits(app.organization) if app else None
    if app is None or app.published_version is None or limits is None:
        raise _nothing_here()
    if not limits.allows_public_apps:
        raise _nothing_here()
    return PublicApp(app, app.organization, app.sharing, app.published_version, limits)


def sharing_of(app: App) -> AppSharing:
    """How the app is shared; of one that never was, what it would begin with. One query."""
    stored = AppSharing.objects.within(app.organization_id).filter(app=app).first()
    return stored or AppSharing(organization_id=app.organization_id, app=app)


def _nothing_here() -> NotFoundError:
    return NotFoundError(
        _("There is no public app at this address. It may have been closed by those who made it.")
    )

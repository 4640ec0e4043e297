"""An author's unsigned work, tried in apps of the author's own organization."""

from pathlib import Path

from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from altiplano.accounts.principal import Principal
from altiplano.catalog.archives import archive_path, remove_archive, store_archive
from altiplano.catalog.domain.naming import claim_slug
from altiplano.catalog.domain.reading import read_archive
from altiplano.catalog.domain.recording import record_release
from altiplano.catalog.package_models import (
    Package,
    PackageRelease,
    PackageState,
)
from altiplano.kernel.errors import InvalidInputError, NotFoundError
from altiplano.kernel.ids import new_id


def replace_draft(*, principal: Principal, slug: str, file: Path) -> PackageRelease:
    """The package's draft is what the file holds. It need not be signed.

    Only drafts of the organization's own apps that it was attached to use it. Raises what
    :func:`receive_release` raises, InvalidInputError for a file of another package.
    """
    principal.require("write")
    facts = read_archive(file)
    if facts.manifest.id != slug:
        raise InvalidInputError(
            _("The file holds the plugin “%(slug)s”."), params={"slug": facts.manifest.id}
        )
    with transaction.atomic():
        package = claim_slug(principal.organization_id, slug)
        before = package.releases.filter(state=PackageState.DRAFT).first()
        release = before or PackageRelease(id=new_id(), package=package, state=PackageState.DRAFT)
        for name, value in facts.fields.items():
            setattr(release, name, value)
        release.package = package
        release.uploaded_by_id = principal.user_id
        release.uploaded_at = timezone.now()
        store_archive(file, release.id)
        release.save(force_insert=before is None)
        if before is None:  # later ones come with every save of a file
            record_release(
                "plugin.draft_begun", release, principal=principal, data={"digest": facts.digest}
            )
    return release


def remove_draft(*, principal: Principal, slug: str) -> None:
    """The package has no draft any more; apps that used it say so. Raises NotFoundError."""
    principal.require("write")
    with transaction.atomic():
        package = Package.objects.get_owned_by(principal.organization_id, slug)
        draft = package.releases.filter(state=PackageState.DRAFT).first()
        if draft is None:
            raise NotFoundError(_("This plugin has no draft."))
        record_release("plugin.draft_removed", draft, principal=principal)
        release_id = draft.id
        draft.delete()
    remove_archive(release_id)


def draft_of(package: Package) -> PackageRelease | None:
    """The package's draft, if its file is still there."""
    draft = package.releases.filter(state=PackageState.DRAFT).select_related("package").first()
    return draft if draft is not None and archive_path(draft.id).exists() else None

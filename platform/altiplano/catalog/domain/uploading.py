"""A signed release arrives: it is kept, and its checks begin."""

from functools import partial
from pathlib import Path

from django.db import IntegrityError, transaction
from django.utils.translation import gettext_lazy as _

from altiplano.accounts.principal import Principal
from altiplano.catalog.archives import remove_archive, store_archive
from altiplano.catalog.domain.naming import claim_slug
from altiplano.catalog.domain.reading import ArchiveFacts, read_archive, signer_of
from altiplano.catalog.domain.recording import record_release
from altiplano.catalog.package_models import (
    TAKEN_STATES,
    Package,
    PackageRelease,
    PackageState,
)
from altiplano.catalog.queries import order_of
from altiplano.catalog.specs import CheckRelease
from altiplano.kernel.errors import ConflictError
from altiplano.kernel.ids import new_id
from altiplano.kernel.jobs import cancel_jobs, create_job

WAITING = (PackageState.CHECKING, PackageState.IN_REVIEW)
ENDED = (PackageState.REFUSED, PackageState.REJECTED, PackageState.WITHDRAWN)
KEPT_ENDED = 10
"""Of one package, for its author to read why: what nobody will run must not fill the disk."""


def receive_release(*, principal: Principal, file: Path) -> PackageRelease:
    """A new release of one of the organization's packages is stored and being checked.

    Its signature is by one of the organization's active keys, its version is new. Raises
    PackageRefusedError for a file that is no package, NotAllowedError for a signature that is
    missing or nobody's, ConflictError, LimitReachedError, StorageFullError.
    """
    principal.require("write")
    facts = read_archive(file)
    key = signer_of(principal.organization_id, file)
    release_id = new_id()
    store_archive(file, release_id)
    try:
        with transaction.atomic():
            package = claim_slug(principal.organization_id, facts.manifest.id)
            _check_version(package, facts)
            release = PackageRelease.unscoped.create(
                id=release_id,
                package=package,
                state=PackageState.CHECKING,
                signed_with=key,
                uploaded_by_id=principal.user_id,
                **facts.fields,
            )
            record_release(
                "plugin.uploaded",
                release,
                principal=principal,
                data={"digest": facts.digest, "key": key.fingerprint},
            )
            create_job(CheckRelease(release.id), organization_id=principal.organization_id)
            _forget_ended(package)
    except BaseException as error:
        remove_archive(release_id)
        if isinstance(error, IntegrityError):
            raise _taken(facts.manifest.version) from error
        raise
    return release


def withdraw_release(*, principal: Principal, release_id: object) -> PackageRelease:
    """A release that nobody has published goes no further; its checks stop.

    Raises NotFoundError, ConflictError when it is decided already.
    """
    principal.require("write")
    with transaction.atomic():
        found = PackageRelease.objects.get_owned_by(principal.organization_id, release_id)
        release = (
            PackageRelease.unscoped.select_for_update(of=("self",))
            .select_related("package")
            .get(id=found.id)
        )
        if release.state not in WAITING:
            raise ConflictError(
                _("This release is not on its way any more."), code="release_decided"
            )
        release.state = PackageState.WITHDRAWN
        release.save(update_fields=["state"])
        cancel_jobs(subject_id=release.id)
        record_release("plugin.withdrawn", release, principal=principal)
    return release


def _forget_ended(package: Package) -> None:
    """Of what went no further only the latest is kept."""
    ended = package.releases.filter(state__in=ENDED).order_by("-uploaded_at", "-id")
    for old in ended[KEPT_ENDED:]:
        transaction.on_commit(partial(remove_archive, old.id))
        old.delete()


def _check_version(package: Package, facts: ArchiveFacts) -> None:
    version = facts.manifest.version
    taken = package.releases.filter(state__in=TAKEN_STATES)
    if taken.filter(version=version).exists():
        raise _taken(version)
    if taken.filter(state__in=WAITING).exists():
        raise ConflictError(
            _("Another release of this plugin is on its way; wait for it or withdraw it."),
            code="release_waiting",
        )
    newest = max((order_of(each) for each in taken.values_list("version", flat=True)), default=())
    if newest and order_of(version) < newest:
        raise ConflictError(
            _("A newer version than %(version)s is there already."),
            params={"version": version},
            code="version_not_newer",
        )


def _taken(version: str) -> ConflictError:
    return ConflictError(
        _("Version %(version)s exists already; raise the number."),
        params={"version": version},
        code="version_taken",
    )

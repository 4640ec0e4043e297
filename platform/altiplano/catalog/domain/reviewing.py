"""What the platform's staff decide about releases: published, rejected, recalled."""

import uuid

from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from altiplano.accounts.models import User
from altiplano.catalog.domain.recording import record_release
from altiplano.catalog.package_models import (
    PackageRelease,
    PackageState,
)
from altiplano.catalog.queries import order_of
from altiplano.kernel.errors import ConflictError, InvalidInputError


def publish_release(*, actor: User, release_id: uuid.UUID) -> PackageRelease:
    """Everybody may install the release. Raises ConflictError unless it waits for review, or when
    the key that signed it was revoked.
    """
    with transaction.atomic():
        release = _lock(release_id)
        if release.state != PackageState.IN_REVIEW:
            raise _decided()
        if release.signed_with is None or release.signed_with.revoked_at is not None:
            raise ConflictError(
                _("The key that signed this release was revoked."), code="key_revoked"
            )
        release.published_at = timezone.now()
        _decide(release, actor, PackageState.PUBLISHED)
        _renew_current(release)
        record_release("plugin.published", release, actor=actor, data={"digest": release.digest})
    return release


def reject_release(*, actor: User, release_id: uuid.UUID, reason: str) -> PackageRelease:
    """The release goes no further; its author reads why. Raises ConflictError, InvalidInputError."""
    reason = _read_reason(reason)
    with transaction.atomic():
        release = _lock(release_id)
        if release.state != PackageState.IN_REVIEW:
            raise _decided()
        _decide(release, actor, PackageState.REJECTED, reason)
        record_release("plugin.rejected", release, actor=actor, data={"reason": reason})
    return release


def recall_release(*, actor: User, release_id: uuid.UUID, reason: str) -> PackageRelease:
    """The release runs nowhere any more, from the next question on, wherever it is installed.

    Apps that name it refuse with a sentence that names it. An older release is not put in its
    place by itself: it may have the same fault. Raises ConflictError unless it is published.
    """
    reason = _read_reason(reason)
    with transaction.atomic():
        release = _lock(release_id)
        if release.state != PackageState.PUBLISHED:
            raise ConflictError(_("This release is not published."), code="release_not_published")
        _decide(release, actor, PackageState.RECALLED, reason)
        _renew_current(release)
        record_release("plugin.recalled", release, actor=actor, data={"reason": reason})
    return release


def _lock(release_id: uuid.UUID) -> PackageRelease:
    release = (
        PackageRelease.unscoped.select_for_update(of=("self",))
        .select_related("package", "signed_with")
        .filter(pk=release_id)
        .first()
    )
    if release is None:
        raise _decided()
    return release


def _decide(release: PackageRelease, actor: User, state: PackageState, reason: str = "") -> None:
    release.state = state
    release.reason = reason
    release.decided_by = actor
    release.decided_at = timezone.now()
    release.save(update_fields=["state", "reason", "decided_by", "decided_at", "published_at"])


def _renew_current(release: PackageRelease) -> None:
    """The newest of what is published is what is offered."""
    offered = release.package.releases.filter(state=PackageState.PUBLISHED)
    release.package.current = max(offered, key=lambda each: order_of(each.version), default=None)
    release.package.save(update_fields=["current"])


def _read_reason(reason: str) -> str:
    reason = " ".join(reason.split())
    if not reason:
        raise InvalidInputError(
            _("Say why; the plugin's author and its users will read it."),
            fields={"reason": _("required")},
        )
    return reason[:500]


def _decided() -> ConflictError:
    return ConflictError(_("This release does not wait for a review."), code="release_decided")

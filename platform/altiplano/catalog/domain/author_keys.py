"""The keys with which an organization signs its packages: added, retired, revoked."""

from django.db import IntegrityError, transaction
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from altiplano.accounts.domain.audit import record_event
from altiplano.accounts.principal import Principal
from altiplano.catalog.package_models import (
    AuthorKey,
    PackageConcern,
    PackageRelease,
    PackageState,
)
from altiplano.kernel.errors import ConflictError, InvalidInputError, LimitReachedError
from altiplano.kernel.jobs import cancel_jobs
from altiplano.kernel.naming import read_name
from altiplano_sdk.packaging.keys import key_id_of, parse_public_key

MAX_KEYS = 20
REVOKED = "The key that signed this release was revoked by its author."
STILL_PUBLISHED = "Its author revoked the key that signed this release; it may not be theirs."


def add_key(*, principal: Principal, name: str, public_key: str) -> AuthorKey:
    """Signatures of this key are the organization's from now on.

    Only a person may add one: with a stolen API key nobody signs in the organization's name.
    Raises InvalidInputError, ConflictError for a key that is known, LimitReachedError.
    """
    principal.require("manage")
    principal.require_person()
    name = read_name(name, maximum=80)
    raw = _read_public_key(public_key)
    if AuthorKey.objects.within(principal.organization_id).count() >= MAX_KEYS:
        raise LimitReachedError(
            _("An organization has at most %(limit)s author keys."), params={"limit": MAX_KEYS}
        )
    try:
        with transaction.atomic():
            key = AuthorKey.unscoped.create(
                organization_id=principal.organization_id,
                name=name,
                public_key=raw.hex(),
                fingerprint=key_id_of(raw),
                created_by_id=principal.user_id,
            )
            _record(principal, "author_key.added", key)
    except IntegrityError:
        raise ConflictError(
            _("Your organization knows this key already."),
            code="key_known",
            fields={"public_key": _("known already")},
        ) from None
    return key


def retire_key(*, principal: Principal, key_id: object) -> AuthorKey:
    """The key signs nothing new; what it signed stays good. For a key that another one replaces."""
    principal.require("manage")
    principal.require_person()
    with transaction.atomic():
        key = AuthorKey.objects.get_within(principal.organization_id, key_id)
        if key.is_active:
            key.retired_at = timezone.now()
            key.save(update_fields=["retired_at"])
            _record(principal, "author_key.retired", key)
    return key


def revoke_key(*, principal: Principal, key_id: object) -> AuthorKey:
    """Nothing that the key signed is believed any more. For a key that somebody else may have.

    Releases that nobody has published are refused. About each published one the platform's staff
    are told: others use it, so that to recall it is their decision.
    """
    principal.require("manage")
    principal.require_person()
    with transaction.atomic():
        key = AuthorKey.objects.get_within(principal.organization_id, key_id)
        if key.revoked_at is not None:
            return key
        key.revoked_at = timezone.now()
        key.save(update_fields=["revoked_at"])
        signed = PackageRelease.unscoped.filter(signed_with=key).select_related("package")
        waiting = (PackageState.CHECKING, PackageState.IN_REVIEW)
        for release in signed.filter(state__in=waiting).select_for_update(of=("self",)):
            release.state = PackageState.REFUSED
            release.reason = REVOKED
            release.save(update_fields=["state", "reason"])
            cancel_jobs(subject_id=release.id)
        for release in signed.filter(state=PackageState.PUBLISHED):
            PackageConcern.unscoped.create(
                organization_id=principal.organization_id,
                package=release.package,
                version=release.version,
                text=STILL_PUBLISHED,
                raised_by_id=principal.user_id,
            )
        _record(principal, "author_key.revoked", key)
    return key


def _read_public_key(text: str) -> bytes:
    """The key in the line that the author's tool prints."""
    try:
        return parse_public_key(text)
    except ValueError:
        raise InvalidInputError(
            _(
                "This is not a public key. Paste the line that “altiplano-plugin sign --new-key” "
                "printed."
            ),
            fields={"public_key": _("not an Ed25519 public key")},
        ) from None


def _record(principal: Principal, action: str, key: AuthorKey) -> None:
    record_event(
        principal=principal,
        organization_id=principal.organization_id,
        action=action,
        object_type="author_key",
        object_id=key.id,
        data={"name": key.name, "fingerprint": key.fingerprint},
    )

"""An organization's use of a package: installed with the rights it grants, changed, ended."""

import uuid
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from typing import Any

from django.db import IntegrityError, transaction
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from altiplano.accounts.principal import Principal
from altiplano.catalog.domain.recording import record_installation
from altiplano.catalog.domain.secrets import open_secrets, seal_secrets
from altiplano.catalog.package_models import (
    Installation,
    Package,
    PackageRelease,
    PackageState,
    StoreEntry,
)
from altiplano.catalog.queries import order_of
from altiplano.kernel.errors import ConflictError, InvalidInputError, NotFoundError
from altiplano_sdk import Grants, PackageManifest

MAX_SECRET_CHARS = 4000


@dataclass(frozen=True, slots=True)
class GrantWish:
    """What somebody allows a plugin. Whatever the release does not ask for is not given anyway.

    ``secrets`` gives values by name; an empty value keeps the one that is stored.
    """

    network_hosts: Collection[str] = ()
    model_use: bool = False
    embedding_use: bool = False
    index_use: bool = False
    storage: bool = False
    secrets: Mapping[str, str] = field(default_factory=dict)


def install_package(*, principal: Principal, slug: str, wish: GrantWish) -> Installation:
    """The organization's pipelines may name the package, at its newest release.

    Raises NotFoundError for what is not offered, ConflictError when it is installed already.
    """
    principal.require("manage")
    package = Package.objects.get_seen_by(principal.organization_id, slug)
    release = package.current
    if release is None:
        raise NotFoundError(_("No release of this plugin is offered at the moment."))
    granted = granted_of(release, wish)
    values = _secrets(release, wish, {})
    try:
        with transaction.atomic():
            installation = Installation.unscoped.create(
                organization_id=principal.organization_id,
                package=package,
                release=release,
                granted=granted.model_dump(mode="json"),
                secret_names=sorted(values),
                sealed_secrets=seal_secrets(values),
                installed_by_id=principal.user_id,
            )
            record_installation(
                "plugin.installed",
                installation,
                principal=principal,
                data={
                    "package": slug,
                    "version": release.version,
                    "granted": said_in_short(installation),
                },
            )
    except IntegrityError:
        raise ConflictError(
            _("Your organization has installed this plugin already."), code="installed_already"
        ) from None
    return installation


def change_grants(*, principal: Principal, slug: str, wish: GrantWish) -> Installation:
    """The plugin may do what is granted now, from the next question on."""
    principal.require("manage")
    with transaction.atomic():
        installation = lock_installation(principal.organization_id, slug)
        _grant(installation, installation.release, wish)
        installation.save()
        record_installation(
            "plugin.grants_changed",
            installation,
            principal=principal,
            data={"package": slug, "granted": said_in_short(installation)},
        )
    return installation


def switch_installation(*, principal: Principal, slug: str, is_enabled: bool) -> Installation:
    """Switched off, the plugin runs in no app of the organization; its settings and data stay."""
    principal.require("manage")
    with transaction.atomic():
        installation = lock_installation(principal.organization_id, slug)
        if installation.is_enabled != is_enabled:
            installation.is_enabled = is_enabled
            installation.changed_at = timezone.now()
            installation.save(update_fields=["is_enabled", "changed_at"])
            action = "plugin.switched_on" if is_enabled else "plugin.switched_off"
            record_installation(action, installation, principal=principal, data={"package": slug})
    return installation


def uninstall_package(*, principal: Principal, slug: str, typed_name: str) -> None:
    """The package is gone from the organization, with its grants, its secrets and what it kept.

    Raises InvalidInputError unless its id was typed, NotFoundError.
    """
    principal.require("manage")
    with transaction.atomic():
        installation = lock_installation(principal.organization_id, slug)
        if typed_name.strip() != slug:
            raise InvalidInputError(
                _("This is not the name. Nothing was removed."), fields={"name": _("not the name")}
            )
        record_installation(
            "plugin.uninstalled",
            installation,
            principal=principal,
            data={"package": slug, "version": installation.release.version},
        )
        kept = StoreEntry.objects.within(principal.organization_id)
        kept.filter(package=installation.package).delete()
        installation.delete()


def move_installation(
    *, principal: Principal, installation: Installation, release: PackageRelease, wish: GrantWish
) -> None:
    """The locked installation is at the newer ``release``, with what is granted to it.

    Raises ConflictError when that is not offered any more, or is not newer.
    """
    principal.require("manage")
    before = installation.release
    if release.state != PackageState.PUBLISHED or release.package_id != installation.package_id:
        raise ConflictError(_("This release is not offered any more."), code="release_gone")
    if order_of(release.version) <= order_of(before.version):
        raise ConflictError(
            _("The plugin is at this release already, or at a newer one."), code="not_newer"
        )
    _grant(installation, release, wish)
    installation.release = release
    installation.save()
    record_installation(
        "plugin.upgraded",
        installation,
        principal=principal,
        data={
            "package": installation.package.slug,
            "from": before.version,
            "version": release.version,
            "granted": said_in_short(installation),
        },
    )


def lock_installation(organization_id: uuid.UUID, slug: str) -> Installation:
    """The installation, unchangeable by others until the transaction ends. Raises NotFoundError."""
    found = (
        Installation.objects.within(organization_id)
        .select_for_update(of=("self",))
        .select_related("package", "release")
        .filter(package__slug=slug)
        .first()
    )
    if found is None:
        raise NotFoundError(_("Your organization has not installed this plugin."))
    return found


def granted_of(release: PackageRelease, wish: GrantWish) -> Grants:
    """What of its wishes the release is given; memory and time are given as it asks."""
    asked = PackageManifest.model_validate(release.manifest).grants
    return Grants(
        network_hosts=tuple(each for each in asked.network_hosts if each in wish.network_hosts),
        model_use=asked.model_use and wish.model_use,
        embedding_use=asked.embedding_use and wish.embedding_use,
        index_use=asked.index_use and wish.index_use,
        secrets=asked.secrets,
        storage_bytes=asked.storage_bytes if wish.storage else 0,
        memory_bytes=asked.memory_bytes,
        seconds=asked.seconds,
    )


def effective_grants(granted: Mapping[str, Any], manifest: PackageManifest) -> Grants:
    """What a release may do that is not the one the rights were granted for: only what both name.

    An older release that a published version is pinned to asks for other things than a newer one.
    """
    given, asked = Grants.model_validate(granted), manifest.grants
    return Grants(
        network_hosts=tuple(each for each in asked.network_hosts if each in given.network_hosts),
        model_use=asked.model_use and given.model_use,
        embedding_use=asked.embedding_use and given.embedding_use,
        index_use=asked.index_use and given.index_use,
        secrets=tuple(each for each in asked.secrets if each in given.secrets),
        storage_bytes=min(asked.storage_bytes, given.storage_bytes),
        memory_bytes=asked.memory_bytes,
        seconds=asked.seconds,
    )


def said_in_short(installation: Installation) -> dict[str, Any]:
    """The grants as the audit log keeps them: names and numbers, no value of a secret."""
    given = Grants.model_validate(installation.granted)
    return {**given.model_dump(mode="json"), "secrets": list(installation.secret_names)}


def _grant(installation: Installation, release: PackageRelease, wish: GrantWish) -> None:
    values = _secrets(release, wish, open_secrets(installation.sealed_secrets))
    installation.granted = granted_of(release, wish).model_dump(mode="json")
    installation.secret_names = sorted(values)
    installation.sealed_secrets = seal_secrets(values)
    installation.changed_at = timezone.now()


def _secrets(release: PackageRelease, wish: GrantWish, stored: Mapping[str, str]) -> dict[str, str]:
    asked = PackageManifest.model_validate(release.manifest).grants.secrets
    values = {name: wish.secrets.get(name) or stored.get(name, "") for name in asked}
    too_long = [name for name, value in values.items() if len(value) > MAX_SECRET_CHARS]
    if too_long:
        raise InvalidInputError(
            _("A secret has at most %(limit)s characters."),
            params={"limit": MAX_SECRET_CHARS},
            fields={f"secret.{name}": _("too long") for name in too_long},
        )
    return {name: value for name, value in values.items() if value}

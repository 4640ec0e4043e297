"""Reads about plugins, built in and from outside."""

import uuid
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from django.db.models import Count, Prefetch, Q, QuerySet

from altiplano.catalog.models import Plugin, PluginRelease, ReleaseState
from altiplano.catalog.package_models import (
    AuthorKey,
    Installation,
    Package,
    PackageRelease,
    PackageState,
)
from altiplano_sdk import PackageManifest

ReleaseKey = tuple[str, str]
"""Kind and id of a plugin."""


@dataclass(frozen=True, slots=True)
class UsableRelease:
    """What a stage of one kind may name, whether built in or installed.

    ``package_release`` and ``digest`` pin a release of a package; a built-in has neither.
    """

    kind: str
    slug: str
    version: str
    manifest: Mapping[str, Any]
    config_schema: Mapping[str, Any]
    package_release: uuid.UUID | None = None
    digest: str = ""
    is_draft: bool = False


def releases() -> list[PluginRelease]:
    """Every built-in that is installed now, also quarantined ones, by kind and id."""
    return list(
        PluginRelease.objects.exclude(state=ReleaseState.GONE)
        .select_related("plugin")
        .order_by("plugin__kind", "plugin__slug", "version")
    )


def usable_releases(
    organization_id: uuid.UUID, *, drafts: Collection[uuid.UUID] = ()
) -> Mapping[ReleaseKey, UsableRelease] | None:
    """What pipelines of the organization may name; None while no worker has reported anything.

    Built-ins, what the organization installed and has not switched off, and in place of that the
    drafts of its own packages whose ids are in ``drafts``. A built-in never gives way.
    """
    found = list(PluginRelease.objects.select_related("plugin"))
    if not found:
        return None
    usable = dict(installed_plugins(organization_id, drafts=drafts, is_usable=True))
    for release in found:
        if release.state == ReleaseState.ACTIVE:
            kind, slug = release.plugin.kind, release.plugin.slug
            usable[kind, slug] = UsableRelease(
                kind, slug, release.version, release.manifest, release.config_schema
            )
    return usable


def pinned_releases(
    organization_id: uuid.UUID, release_ids: Collection[uuid.UUID]
) -> Mapping[ReleaseKey, UsableRelease]:
    """Of these releases, those that may still run in the organization: published, not recalled,
    and of a package that is installed there, at whichever release.
    """
    if not release_ids:
        return {}
    installed = Installation.objects.within(organization_id).filter(is_enabled=True)
    found = (
        PackageRelease.objects.published()
        .filter(id__in=release_ids, package_id__in=installed.values("package_id"))
        .select_related("package")
    )
    return {key: usable for release in found for key, usable in _by_kind(release).items()}


def installed_releases(organization_id: uuid.UUID) -> Mapping[str, uuid.UUID]:
    """The release of each installed package, by the package's id."""
    installed = Installation.objects.within(organization_id)
    return dict(installed.values_list("package__slug", "release_id"))


def installed_plugins(
    organization_id: uuid.UUID, *, drafts: Collection[uuid.UUID] = (), is_usable: bool = False
) -> Mapping[ReleaseKey, UsableRelease]:
    """What the organization installed, and the drafts of its own packages in place of that.

    With ``is_usable`` without what was switched off or recalled.
    """
    return {
        key: each
        for release in _chosen(organization_id, drafts, is_usable=is_usable)
        for key, each in _by_kind(release).items()
    }


def plugin_titles(organization_id: uuid.UUID, slugs: Collection[str]) -> Mapping[ReleaseKey, str]:
    """What the plugins of these ids are called, whether they still run or not.

    Of packages, the title is that of the newest release that was published or is one's own; a file
    that was never opened has none.
    """
    built_in = PluginRelease.objects.filter(plugin__slug__in=slugs).select_related("plugin")
    packages = (
        PackageRelease.objects.published() | PackageRelease.objects.owned_by(organization_id)
    ).filter(package__slug__in=slugs)
    titles = {
        (provided["kind"], slug): str(manifest["title"])
        for slug, manifest in packages.order_by("id").values_list("package__slug", "manifest")
        for provided in manifest.get("provides", ())
    }
    return titles | {
        (release.plugin.kind, release.plugin.slug): str(
            release.manifest.get("title") or release.plugin.slug
        )
        for release in built_in
    }


def _chosen(
    organization_id: uuid.UUID, drafts: Collection[uuid.UUID], *, is_usable: bool
) -> Iterator[PackageRelease]:
    """A draft comes after the installation of the same package, and so takes its place."""
    installations = Installation.objects.within(organization_id)
    if is_usable:
        installations = installations.filter(is_enabled=True, release__state=PackageState.PUBLISHED)
    for installation in installations.select_related("release__package"):
        yield installation.release
    if drafts:
        yield from (
            PackageRelease.objects.owned_by(organization_id)
            .filter(state=PackageState.DRAFT, package_id__in=drafts)
            .select_related("package")
        )


def _by_kind(release: PackageRelease) -> dict[ReleaseKey, UsableRelease]:
    manifest = PackageManifest.model_validate(release.manifest)
    return {
        (provided.kind.value, manifest.id): UsableRelease(
            kind=provided.kind.value,
            slug=manifest.id,
            version=release.version,
            manifest=manifest.for_kind(provided.kind).model_dump(mode="json"),
            config_schema=release.schemas.get(provided.kind.value, {}),
            package_release=release.id,
            digest=release.digest,
            is_draft=release.state == PackageState.DRAFT,
        )
        for provided in manifest.provides
    }


# --- The catalogue --------------------------------------------------------------------------------


def catalogue() -> QuerySet[Package]:
    """What anybody may install, by id, each with its release and how many organizations use it."""
    return (
        Package.objects.in_catalogue()
        .select_related("current", "owner")
        .annotate(users=Count("installations", filter=Q(installations__is_enabled=True)))
        .order_by("slug")
    )


def installations_of(organization_id: uuid.UUID) -> QuerySet[Installation]:
    """What the organization installed, by id, with the newest release of each."""
    return (
        Installation.objects.within(organization_id)
        .select_related("package__current", "release")
        .order_by("package__slug")
    )


def installation_of(organization_id: uuid.UUID, package: Package) -> Installation | None:
    return installations_of(organization_id).filter(package=package).first()


def published_releases(package: Package) -> QuerySet[PackageRelease]:
    """What was ever offered to others, the newest first, also what was recalled."""
    return package.releases.filter(
        state__in=(PackageState.PUBLISHED, PackageState.RECALLED)
    ).order_by("-published_at", "-id")


def packages_of(organization_id: uuid.UUID) -> QuerySet[Package]:
    """The organization's own packages, by id."""
    return Package.objects.owned_by(organization_id).select_related("current").order_by("slug")


def packages_with_latest(organization_id: uuid.UUID) -> list[tuple[Package, PackageRelease | None]]:
    """The organization's own packages, each with what was uploaded last. Two queries."""
    packages = packages_of(organization_id).prefetch_related(
        Prefetch(
            "releases",
            queryset=PackageRelease.objects.owned_by(organization_id)
            .only("id", "package_id", "version", "state", "uploaded_at")
            .order_by("-uploaded_at", "-id"),
        )
    )
    return [(package, next(iter(package.releases.all()), None)) for package in packages]


def releases_of_author(organization_id: uuid.UUID, package: Package) -> QuerySet[PackageRelease]:
    """Every release of one of the organization's own packages, the last upload first."""
    return (
        PackageRelease.objects.owned_by(organization_id)
        .filter(package=package)
        .select_related("package", "signed_with", "uploaded_by")
        .order_by("-uploaded_at", "-id")
    )


def keys_of(organization_id: uuid.UUID) -> QuerySet[AuthorKey]:
    """The organization's keys, the last one first."""
    return (
        AuthorKey.objects.within(organization_id)
        .select_related("created_by")
        .order_by("-created_at", "-id")
    )


def release_before(release: PackageRelease) -> PackageRelease | None:
    """What was published last of the package when the release came, for a reviewer to compare."""
    return (
        PackageRelease.unscoped.filter(
            package_id=release.package_id,
            state__in=(PackageState.PUBLISHED, PackageState.RECALLED),
            uploaded_at__lt=release.uploaded_at,
        )
        .exclude(id=release.id)
        .order_by("-published_at", "-id")
        .first()
    )


def built_in_ids() -> frozenset[str]:
    """What no package may be called."""
    return frozenset(Plugin.objects.values_list("slug", flat=True))


def order_of(version: str) -> tuple[int, ...]:
    """A version as it is compared."""
    return tuple(int(part) for part in version.split("."))

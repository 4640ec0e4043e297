"""Packages in every state, as uploads and reviews would have left them."""

import hashlib
from datetime import timedelta
from typing import Any

import factory
from django.utils import timezone
from factory.django import DjangoModelFactory

from altiplano.catalog.domain.secrets import seal_secrets
from altiplano.catalog.package_models import (
    AuthorKey,
    Installation,
    Package,
    PackageConcern,
    PackageRelease,
    PackageState,
    StoreEntry,
)
from altiplano.catalog.quarantine_models import Quarantine
from altiplano_sdk import PackageManifest
from tests.factories.accounts import OrganizationFactory
from tests.factories.scoped import ScopedFactory

SCHEMA = {
    "type": "object",
    "properties": {
        "words": {"type": "integer", "minimum": 1, "default": 8, "title": "Words"},
    },
}


def manifest_of(slug: str, version: str = "1.0.0", **changes: Any) -> PackageManifest:
    """A guard that asks for nothing, unless ``changes`` say otherwise."""
    fields: dict[str, Any] = {
        "id": slug,
        "version": version,
        "title": slug.replace("-", " ").capitalize(),
        "summary": "Explains hard words.",
        "author": "Green Schools",
        "licence": "Apache-2.0",
        "languages": ("en", "fr"),
        "personal_data": False,
        "provides": ({"kind": "guard", "entry": f"{slug.replace('-', '_')}:Guard"},),
    }
    return PackageManifest.model_validate(fields | changes)


class PackageFactory(ScopedFactory):
    class Meta:
        model = Package

    slug = factory.Sequence(lambda n: f"glossary-guard-{n}")
    owner = factory.SubFactory(OrganizationFactory)


class AuthorKeyFactory(ScopedFactory):
    class Meta:
        model = AuthorKey

    organization = factory.SubFactory(OrganizationFactory)
    name = "Laptop"
    public_key = factory.Sequence(lambda n: hashlib.sha256(str(n).encode()).hexdigest())
    fingerprint = factory.LazyAttribute(
        lambda key: hashlib.sha256(bytes.fromhex(key.public_key)).hexdigest()[:16]
    )


class PackageReleaseFactory(DjangoModelFactory):
    """``manifest_changes`` differ from what :func:`manifest_of` says."""

    class Meta:
        model = PackageRelease

    class Params:
        manifest_changes: dict[str, Any] = {}

    package = factory.SubFactory(PackageFactory)
    version = "1.0.0"
    state = PackageState.PUBLISHED
    digest = factory.LazyAttribute(
        lambda release: hashlib.sha256(
            f"{release.package.slug} {release.version}".encode()
        ).hexdigest()
    )
    bytes = 12_345
    manifest = factory.LazyAttribute(
        lambda release: manifest_of(
            release.package.slug, release.version, **release.manifest_changes
        ).model_dump(mode="json")
    )
    schemas = factory.LazyFunction(lambda: {"guard": SCHEMA})
    files = factory.LazyFunction(lambda: {"altiplano-plugin.toml": "0" * 64})
    signed_with = factory.SubFactory(
        AuthorKeyFactory, organization=factory.SelfAttribute("..package.owner")
    )
    reason = factory.LazyAttribute(
        lambda release: "It was unsafe." if release.state in ("refused", "recalled") else ""
    )

    @classmethod
    def _get_manager(cls, model_class: type[Any]) -> Any:
        return model_class.unscoped


class InstallationFactory(ScopedFactory):
    class Meta:
        model = Installation

    organization = factory.SubFactory(OrganizationFactory)
    package = factory.SelfAttribute("release.package")
    release = factory.SubFactory(PackageReleaseFactory)
    granted = factory.LazyAttribute(lambda row: row.release.manifest["grants"])


class QuarantineFactory(ScopedFactory):
    class Meta:
        model = Quarantine

    organization = factory.SubFactory(OrganizationFactory)
    version = "1.0.0"
    crashes = 5
    because = "stopped unexpectedly"
    until = factory.LazyFunction(lambda: timezone.now() + timedelta(minutes=10))


def publish(slug: str, version: str = "1.0.0", **fields: Any) -> PackageRelease:
    """A published release, which is its package's current one."""
    package = Package.unscoped.filter(slug=slug).first()
    package = package or PackageFactory(slug=slug)
    release: PackageRelease = PackageReleaseFactory(package=package, version=version, **fields)
    package.current = release
    package.save()
    return release


def make_packages(organization: Any, number: int, secret: str) -> Package:
    """One more row of each model about packages; ``secret`` is one that no page may show."""
    package = PackageFactory(slug=f"words-{number}", owner=organization)
    release = PackageReleaseFactory(package=package)
    package.current = release
    package.save()
    PackageReleaseFactory(package=package, version="1.1.0", state=PackageState.IN_REVIEW)
    InstallationFactory(
        organization=organization,
        release=release,
        secret_names=["DICTIONARY_KEY"],
        sealed_secrets=seal_secrets({"DICTIONARY_KEY": secret}),
    )
    StoreEntry.unscoped.create(
        organization=organization, package=package, key="seen", value=b"kept", size=8
    )
    PackageConcern.unscoped.create(organization=organization, package=package, text="It is slow.")
    QuarantineFactory(organization=organization, package=package, digest=release.digest)
    return package  # type: ignore[no-any-return]


def make_package(organization: Any) -> dict[str, str]:
    """A package that only its own organization sees, and where it stands: recalled, in review, and
    with a draft. The answer fills the placeholders of routes.
    """
    package = PackageFactory(slug="glossary-guard", owner=organization)
    key = AuthorKeyFactory(organization=organization)
    recalled = PackageReleaseFactory(
        package=package, version="0.9.0", state=PackageState.RECALLED, signed_with=key
    )
    waiting = PackageReleaseFactory(package=package, state=PackageState.IN_REVIEW, signed_with=key)
    PackageReleaseFactory(
        package=package, version="1.1.0", state=PackageState.DRAFT, signed_with=None
    )
    InstallationFactory(organization=organization, release=recalled)
    return {
        "package": package.slug,
        "slug": package.slug,
        "release_id": str(waiting.id),
        "author_key_id": str(key.id),
    }

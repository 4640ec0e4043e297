"""What an uploaded file says of itself, read without unpacking it and without running anything."""

import uuid
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from django.utils.translation import gettext_lazy as _

from altiplano.catalog.package_models import (
    AuthorKey,
)
from altiplano.kernel.errors import DomainError, NotAllowedError
from altiplano_sdk import PackageManifest
from altiplano_sdk.packaging import Finding, PackageError
from altiplano_sdk.packaging.archive import PackageArchive, open_archive
from altiplano_sdk.packaging.layout import REPORT, SBOM
from altiplano_sdk.packaging.signing import SignatureState, verify_archive


class PackageRefusedError(DomainError):
    """The file is no package that may be taken in; ``findings`` say why, as the tools do."""

    code = "package_refused"

    def __init__(self, findings: Sequence[Finding]) -> None:
        first = findings[0]
        super().__init__(
            _("This file is refused: %(place)s: %(message)s (%(rule)s)"),
            params={"place": first.place, "message": first.message, "rule": first.rule},
            fields={"file": _("refused")},
        )
        self.findings = tuple(findings)

    @property
    def extra(self) -> Mapping[str, object]:
        return {"findings": [finding.to_dict() for finding in self.findings]}


class SignerRefusedError(NotAllowedError):
    """The file is whole, but no active key of the organization signed it."""

    def __init__(self, findings: Sequence[Finding], *, is_signed: bool) -> None:
        super().__init__(
            _(
                "This release is not signed by one of your organization's active keys. Sign it with "
                "“altiplano-plugin sign” and add the public key to your keys."
            ),
            code="unknown_key" if is_signed else "not_signed",
        )
        self.findings = tuple(findings)

    @property
    def extra(self) -> Mapping[str, object]:
        return {"findings": [finding.to_dict() for finding in self.findings]}


@dataclass(frozen=True, slots=True)
class ArchiveFacts:
    """The contents of an archive as far as the portal keeps them beside the file."""

    digest: str
    bytes: int
    manifest: PackageManifest
    schemas: Mapping[str, Any]
    files: Mapping[str, str]
    sbom: Mapping[str, Any]
    report: Mapping[str, Any]

    @property
    def fields(self) -> dict[str, Any]:
        """As columns of a release."""
        return {
            "version": self.manifest.version,
            "digest": self.digest,
            "bytes": self.bytes,
            "manifest": self.manifest.model_dump(mode="json"),
            "schemas": dict(self.schemas),
            "files": dict(self.files),
            "sbom": dict(self.sbom),
            "report": dict(self.report),
        }


def read_archive(file: Path) -> ArchiveFacts:
    """What the file holds. Raises PackageRefusedError when it is no package, or no safe one."""
    try:
        with open_archive(file) as archive:
            return _facts(archive, file)
    except PackageError as error:
        raise PackageRefusedError(error.findings) from error


def signer_of(organization_id: uuid.UUID, file: Path) -> AuthorKey:
    """Which of the organization's keys signed the file.

    Raises SignerRefusedError when none did, or one that is retired or revoked; PackageRefusedError
    for a signature that is not of these contents.
    """
    active = AuthorKey.objects.within(organization_id).filter(
        retired_at__isnull=True, revoked_at__isnull=True
    )
    keys = {bytes.fromhex(key.public_key): key for key in active}
    try:
        with open_archive(file) as archive:
            result = verify_archive(archive, keys)
    except PackageError as error:
        raise PackageRefusedError(error.findings) from error
    if result.state is SignatureState.BROKEN:
        raise PackageRefusedError(result.findings)
    if result.state is not SignatureState.VALID:
        is_signed = result.state is not SignatureState.UNSIGNED
        raise SignerRefusedError(result.findings, is_signed=is_signed)
    return next(key for key in keys.values() if key.fingerprint == result.key_id)


def _facts(archive: PackageArchive, file: Path) -> ArchiveFacts:
    return ArchiveFacts(
        digest=archive.digest,
        bytes=file.stat().st_size,
        manifest=archive.manifest,
        schemas={kind.value: schema for kind, schema in archive.schemas.items()},
        files=archive.hashes,
        sbom=archive.json(SBOM),
        report=archive.json(REPORT),
    )

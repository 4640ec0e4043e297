"""All static checks of a package. Nothing of it is imported, so anybody's package can be checked."""

import ast
from collections.abc import Collection, Iterator
from importlib.metadata import version
from pathlib import Path

from altiplano_sdk.manifest import PackageManifest
from altiplano_sdk.packaging import layout
from altiplano_sdk.packaging.archive import PackageArchive, open_archive
from altiplano_sdk.packaging.code_checks import code_findings
from altiplano_sdk.packaging.entry_checks import entry_findings
from altiplano_sdk.packaging.file_checks import file_findings
from altiplano_sdk.packaging.findings import Finding, PackageError, Severity
from altiplano_sdk.packaging.manifest_checks import grant_findings, manifest_findings
from altiplano_sdk.packaging.reading import read_manifest
from altiplano_sdk.packaging.release_checks import (
    Schemas,
    migration_findings,
    release_findings,
    stored_config_findings,
)
from altiplano_sdk.packaging.requirement_checks import read_requirements
from altiplano_sdk.packaging.schema_checks import schema_findings
from altiplano_sdk.packaging.source import PackageSource, read_folder
from altiplano_sdk.packaging.wheel_checks import wheel_findings


def check_package(
    package: Path | PackageArchive,
    *,
    previous: PackageManifest | None = None,
    previous_schemas: Schemas | None = None,
    reserved: Collection[str] = (),
    sdk_version: str | None = None,
) -> tuple[Finding, ...]:
    """Everything wrong with a folder or an archive, errors first, then by file and line.

    ``previous`` is the manifest of the last release with its ``previous_schemas``, ``reserved``
    are ids that packages may not take, ``sdk_version`` is the SDK the package is to run with (this
    one, by default). Never raises for what a package holds: what cannot be read is a finding.
    The checks guide honest authors and reviewers; the sandbox is what holds the others.
    """
    try:
        findings = list(
            _findings(package, previous, previous_schemas, reserved, sdk_version or current_sdk())
        )
    except PackageError as error:
        findings = list(error.findings)
    return tuple(sorted(findings, key=_importance))


def current_sdk() -> str:
    """The version of the installed SDK."""
    return version("altiplano-sdk")


def _importance(finding: Finding) -> tuple[bool, str, int, str]:
    return (finding.severity is not Severity.ERROR, finding.file, finding.line, finding.rule)


def _findings(
    package: Path | PackageArchive,
    previous: PackageManifest | None,
    previous_schemas: Schemas | None,
    reserved: Collection[str],
    sdk_version: str,
) -> Iterator[Finding]:
    if isinstance(package, Path) and package.is_file():
        with open_archive(package) as archive:
            yield from _findings(archive, previous, previous_schemas, reserved, sdk_version)
        return
    if isinstance(package, PackageArchive):
        source = package.source()
        yield from wheel_findings(package)
        for kind, schema in package.schemas.items():
            yield from schema_findings(kind, schema)
        if previous is not None and previous_schemas:
            yield from stored_config_findings(
                package.manifest, package.schemas, previous, previous_schemas
            )
        yield from _source_findings(source, reserved, sdk_version)
    else:
        source = read_folder(package, read_manifest(package))
        yield from read_requirements(source.documents.get(layout.REQUIREMENTS, ""))[1]
        yield from _source_findings(source, reserved, sdk_version)
    yield from migration_findings(source.manifest, source.manifest_text)
    if previous is not None:
        yield from release_findings(source.manifest, source.manifest_text, previous)


def _source_findings(
    source: PackageSource, reserved: Collection[str], sdk_version: str
) -> Iterator[Finding]:
    yield from source.findings
    yield from manifest_findings(source, sdk_version=sdk_version, reserved=reserved)
    yield from file_findings(source)
    trees: dict[str, ast.Module] = {}
    broken = False
    room = layout.LIMITS.python
    for path, file in source.python().items():
        # What is too large is a finding already; trees take a hundred times the room of a text.
        room -= file.size
        if file.size > layout.LIMITS.python_file or room < 0:
            broken = True
            continue
        tree, findings = code_findings(path, file.read())
        yield from findings
        if tree is None:
            broken = True
        else:
            trees[path] = tree
    if not broken:
        yield from entry_findings(source.manifest, trees)
    yield from grant_findings(source, trees)

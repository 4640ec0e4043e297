"""ALT107 to ALT117: what can be wrong with a manifest whose every field is right."""

import ast
import re
import sys
from collections.abc import Collection, Iterator, Mapping
from typing import Final

from packaging.licenses import InvalidLicenseExpression, canonicalize_license_expression
from packaging.specifiers import InvalidSpecifier, SpecifierSet

from altiplano_sdk.contracts.kinds import CONTRACT_VERSION
from altiplano_sdk.manifest import MANIFEST_NAME, PackageManifest
from altiplano_sdk.packaging import layout
from altiplano_sdk.packaging.findings import Finding
from altiplano_sdk.packaging.reading import line_of_field
from altiplano_sdk.packaging.rulebook import manifest as rules
from altiplano_sdk.packaging.source import PackageSource

_LANGUAGE: Final = re.compile(r"[a-z]{2}")
_TAKEN_PACKAGES: Final = sys.stdlib_module_names | {
    "altiplano",
    "altiplano_frameworks",
    "altiplano_plugins",
    "altiplano_sdk",
    "altiplano_worker",
    "annotated_types",
    "code",
    "pydantic",
    "pydantic_core",
    "pytest",
    "site",
    "tests",
    "typing_extensions",
    "typing_inspection",
}
_BY_GRANT: Final = {
    "llm": ("model_use", "model_use = true"),
    "embed": ("embedding_use", "embedding_use = true"),
    "index": ("index_use", "index_use = true"),
    "http": ("network_hosts", 'network_hosts = ["api.example.org"]'),
    "secrets": ("secrets", 'secrets = ["NAME"]'),
    "store": ("storage_bytes", "storage_bytes = 1_000_000"),
}


def manifest_findings(
    source: PackageSource, *, sdk_version: str, reserved: Collection[str]
) -> Iterator[Finding]:
    """Everything about the manifest and its documents; ``reserved`` are ids of built-ins."""
    manifest, text = source.manifest, source.manifest_text
    if manifest.id in reserved or manifest.id.startswith("altiplano"):
        message = f"`{manifest.id}` belongs to the platform."
        yield rules.RESERVED_ID.finding(message, line=line_of_field(text, "id"))
    if manifest.contract > CONTRACT_VERSION:
        message = (
            f"Contract {manifest.contract} is newer than this SDK, which has {CONTRACT_VERSION}."
        )
        yield rules.NEWER_CONTRACT.finding(message, line=line_of_field(text, "contract"))
    yield from _range_findings(manifest, text, sdk_version)
    yield from _licence_findings(source)
    if len(source.documents.get(layout.README, "").strip()) < len("# A b\n\nC d."):
        yield rules.NO_README.finding("There is no README.md that says something.")
    for code in manifest.languages:
        if code != "*" and not _LANGUAGE.fullmatch(code):
            message = f"{code[:40]!r} is no ISO 639-1 code."
            yield rules.LANGUAGE_CODE.finding(message, line=line_of_field(text, "languages"))
    yield from _import_package_findings(manifest, text)


def _range_findings(manifest: PackageManifest, text: str, sdk_version: str) -> Iterator[Finding]:
    line = line_of_field(text, "sdk")
    try:
        fits = SpecifierSet(manifest.sdk).contains(sdk_version, prereleases=True)
    except InvalidSpecifier:
        yield rules.SDK_RANGE.finding(f"{manifest.sdk!r} is no range of versions.", line=line)
        return
    if not fits:
        message = f"{manifest.sdk!r} does not hold this SDK, which is {sdk_version}."
        yield rules.SDK_RANGE.finding(message, line=line)


def _licence_findings(source: PackageSource) -> Iterator[Finding]:
    try:
        canonicalize_license_expression(source.manifest.licence)
    except InvalidLicenseExpression:
        message = f"{source.manifest.licence!r} is no SPDX expression."
        line = line_of_field(source.manifest_text, "licence")
        yield rules.LICENCE_ID.finding(message, line=line)
    if not source.documents.get(layout.LICENCE, "").strip():
        yield rules.LICENCE_TEXT.finding("There is no text in LICENSE.")


def _import_package_findings(manifest: PackageManifest, text: str) -> Iterator[Finding]:
    package = layout.import_package(manifest)
    for place, provided in enumerate(manifest.provides):
        own = provided.entry.partition(":")[0].partition(".")[0]
        line = line_of_field(text, "provides", place, "entry")
        if own != package:
            message = f"`{own}` is another package than `{package}`."
            yield rules.ONE_IMPORT_PACKAGE.finding(message, line=line)
        if own.lower() in _TAKEN_PACKAGES:
            message = f"`{own}` is the name of something else."
            yield rules.SHADOWING_PACKAGE.finding(message, line=line)


def grant_findings(source: PackageSource, trees: Mapping[str, ast.Module]) -> Iterator[Finding]:
    """Compares what the code takes from the context with what the manifest asks for.

    ``ctx`` is known by its name. What is passed on under another name is not seen, so an unused
    grant is only told of when nothing in the package looks as if it used it.
    """
    used: dict[str, tuple[str, int]] = {}
    mentioned: set[str] = set()
    for path, tree in sorted(trees.items()):
        for node in ast.walk(tree):
            if isinstance(node, ast.Attribute) and node.attr in _BY_GRANT:
                mentioned.add(node.attr)
                if isinstance(node.value, ast.Name) and node.value.id in {"ctx", "context"}:
                    used.setdefault(node.attr, (path, node.lineno))
    for capability, (grant, example) in _BY_GRANT.items():
        asked = bool(getattr(source.manifest.grants, grant))
        if capability in used and not asked:
            path, line = used[capability]
            yield rules.USE_NOT_GRANTED.finding(
                f"`ctx.{capability}` is used and not asked for.",
                file=path,
                line=line,
                hint=f"Add `{example}` to [grants] in {MANIFEST_NAME}.",
            )
        elif asked and capability not in mentioned:
            line = line_of_field(source.manifest_text, "grants", grant)
            message = f"`{grant}` is asked for, and `ctx.{capability}` is used nowhere."
            yield rules.GRANT_NOT_USED.finding(message, line=line)

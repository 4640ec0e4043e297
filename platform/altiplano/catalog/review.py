"""What a reviewer compares: a release with what was published before it."""

import difflib
import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Final, Literal

from altiplano.catalog.archives import archive_path
from altiplano.catalog.package_models import PackageRelease
from altiplano.catalog.queries import release_before
from altiplano.catalog.wording import Touch, new_touches, sees_of, touches_of
from altiplano_sdk import MANIFEST_NAME, PackageManifest
from altiplano_sdk.packaging import PackageError
from altiplano_sdk.packaging.archive import PackageArchive, open_archive

MOST_LINES: Final = 1500
"""Of all files together; a reviewer who wants more downloads the file."""
LONGEST_TEXT: Final = 256 * 1024
NOISE: Final = frozenset({"signature.json", "sbom.cdx.json", "report.json"})
READ_FIRST: Final = (MANIFEST_NAME, "code/", "schemas/")
"""What a reviewer decides by; the licence and the like come after it, if there is room."""


@dataclass(frozen=True, slots=True)
class Line:
    """One line of a comparison."""

    text: str
    change: Literal["same", "added", "removed", "place"]


@dataclass(frozen=True, slots=True)
class FileChange:
    """A file that came, went or changed. What is no text, or too long, has no lines."""

    path: str
    change: Literal["added", "removed", "changed"]
    lines: tuple[Line, ...] = ()


@dataclass(frozen=True, slots=True)
class FieldChange:
    """A field of the manifest with another value."""

    name: str
    before: str
    after: str


@dataclass(frozen=True, slots=True)
class Review:
    """``before`` is what was published last, None for a first release. ``is_cut`` says that some
    lines are not shown.
    """

    before: PackageRelease | None
    fields: tuple[FieldChange, ...]
    asks_for: tuple[Touch, ...]
    asks_anew: tuple[Touch, ...]
    sees: tuple[str, ...]
    files: tuple[FileChange, ...]
    is_cut: bool
    parts: tuple[str, ...]


def review_of(release: PackageRelease) -> Review:
    """Everything that changed since the last release, with the text of what changed."""
    before = release_before(release)
    manifest = PackageManifest.model_validate(release.manifest)
    earlier = None if before is None else PackageManifest.model_validate(before.manifest)
    files = list(_files(release, before))
    shown = sum(len(each.lines) for each in files)
    return Review(
        before=before,
        fields=tuple(_fields(before.manifest if before else {}, release.manifest)),
        asks_for=touches_of(manifest.grants),
        asks_anew=() if earlier is None else tuple(new_touches(earlier, manifest)),
        sees=tuple(sees_of(release.manifest)),
        files=tuple(files),
        is_cut=shown >= MOST_LINES,
        parts=tuple(
            f"{each.get('name')} {each.get('version')}"
            for each in release.sbom.get("components", ())
        ),
    )


def _fields(before: Mapping[str, Any], after: Mapping[str, Any]) -> Iterator[FieldChange]:
    for name in sorted(before.keys() | after.keys()):
        old, new = before.get(name), after.get(name)
        if before and old != new:
            yield FieldChange(name, _said(old), _said(new))


def _said(value: Any) -> str:
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)


def _files(release: PackageRelease, before: PackageRelease | None) -> Iterator[FileChange]:
    old_files = {} if before is None else before.files
    room = MOST_LINES
    for path in sorted(old_files.keys() | release.files.keys(), key=_reading_order):
        if path in NOISE or old_files.get(path) == release.files.get(path):
            continue
        change: Literal["added", "removed", "changed"] = (
            "added" if path not in old_files else
            "removed" if path not in release.files else "changed"
        )  # fmt: skip
        lines = tuple(_lines(_text(before, path), _text(release, path)))[:room]
        room -= len(lines)
        yield FileChange(path, change, lines)


def _reading_order(path: str) -> tuple[bool, str]:
    return not path.startswith(READ_FIRST), path


def _text(release: PackageRelease | None, path: str) -> str:
    """The file as text; empty for what is none, or is not there."""
    if release is None or path not in release.files or path.startswith("wheels/"):
        return ""
    try:
        with open_archive(archive_path(release.id)) as archive:
            return _read(archive, path)
    except (PackageError, FileNotFoundError):
        return ""


def _read(archive: PackageArchive, path: str) -> str:
    if archive.size_of(path) > LONGEST_TEXT:
        return ""
    return archive.text(path)


def _lines(before: str, after: str) -> Iterator[Line]:
    compared = difflib.unified_diff(before.splitlines(), after.splitlines(), lineterm="", n=3)
    for line in list(compared)[2:]:
        yield Line(
            line,
            "place" if line.startswith("@@") else
            "added" if line.startswith("+") else
            "removed" if line.startswith("-") else "same",
        )  # fmt: skip

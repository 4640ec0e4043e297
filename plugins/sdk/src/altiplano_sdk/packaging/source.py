"""One view of a package, whether it is a folder on its author's disk or an archive."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path, PurePosixPath

from altiplano_sdk.manifest import MANIFEST_NAME, PackageManifest
from altiplano_sdk.packaging import layout
from altiplano_sdk.packaging.findings import Finding
from altiplano_sdk.packaging.rulebook import files as rules


@dataclass(frozen=True, slots=True)
class SourceFile:
    """A file of the import package. ``read`` gives its bytes, which are ``size`` many."""

    path: str
    size: int
    read: Callable[[], bytes]


@dataclass(frozen=True, slots=True)
class PackageSource:
    """What the static checks look at. ``files`` are the import package's, by path.

    ``documents`` are the texts beside it (README, licence, requirements) that are there.
    ``findings`` tell what was left out while looking.
    """

    manifest: PackageManifest
    manifest_text: str
    files: Mapping[str, SourceFile]
    documents: Mapping[str, str]
    findings: tuple[Finding, ...] = field(default=())

    def python(self) -> Mapping[str, SourceFile]:
        """The Python files, by path."""
        return {path: file for path, file in self.files.items() if path.endswith(".py")}


def read_folder(folder: Path, manifest: PackageManifest) -> PackageSource:
    """The package in ``folder``. Links are told of and never followed."""
    files: dict[str, SourceFile] = {}
    findings: list[Finding] = []
    root = folder / layout.import_package(manifest)
    _walk(root, folder, files, findings)
    documents = {
        name: path.read_text(encoding="utf-8", errors="replace")
        for name in (layout.README, layout.LICENCE, layout.REQUIREMENTS)
        if (path := folder / name).is_file() and path.stat().st_size <= layout.LIMITS.document
    }
    text = (folder / MANIFEST_NAME).read_text(encoding="utf-8")
    return PackageSource(manifest, text, files, documents, tuple(findings))


def _walk(
    directory: Path, folder: Path, files: dict[str, SourceFile], findings: list[Finding]
) -> None:
    if directory.is_symlink() or not directory.is_dir():
        return
    for path in sorted(directory.iterdir()):
        name = path.relative_to(folder).as_posix()
        if len(files) > layout.LIMITS.code_files:
            return
        if path.is_symlink() or not (path.is_file() or path.is_dir()):
            findings.append(
                rules.SPECIAL_FILE.finding("This is a link or a special file.", file=name)
            )
        elif path.is_dir():
            if path.name not in layout.IGNORED_FOLDERS and not _is_tool_folder(path.name):
                _walk(path, folder, files, findings)
        elif not is_ignored(name):
            files[name] = SourceFile(name, path.stat().st_size, path.read_bytes)


def _is_tool_folder(name: str) -> bool:
    return name.startswith(".")


def is_ignored(name: str) -> bool:
    """Left behind by Python and desktops: neither packed nor complained of."""
    path = PurePosixPath(name)
    return path.name in layout.IGNORED_NAMES or path.suffix in layout.IGNORED_SUFFIXES

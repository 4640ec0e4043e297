"""ALT301 to ALT306: which files the import package holds."""

from collections.abc import Iterator
from pathlib import PurePosixPath

from altiplano_sdk.packaging import layout
from altiplano_sdk.packaging.findings import Finding
from altiplano_sdk.packaging.rulebook import files as rules
from altiplano_sdk.packaging.source import PackageSource


def file_findings(source: PackageSource) -> Iterator[Finding]:
    """What is wrong with single files of the import package, and with all of them together."""
    package = layout.import_package(source.manifest)
    limits = layout.LIMITS
    if len(source.files) > limits.code_files:
        yield rules.FILE_COUNT.finding(
            f"There are more than {limits.code_files} files.", file=package
        )
    if sum(file.size for file in source.python().values()) > limits.python:
        yield rules.FILE_SIZE.finding("The Python files have over 2 MiB together.", file=package)
    seen: set[str] = set()
    for name, file in sorted(source.files.items()):
        path = PurePosixPath(name)
        if path.parts[0] != package:
            message = f"The file is not in `{package}`, which `entry` names."
            yield rules.FILE_NAME.finding(message, file=name)
        if layout.SECRET_NAMES.match(path.name):
            yield rules.SECRET_FILE.finding("This looks like a file with keys.", file=name)
        elif path.suffix.lower() in layout.REFUSED_SUFFIXES:
            message = f"Files that end in {path.suffix} do not travel in packages."
            yield rules.FILE_KIND.finding(message, file=name)
        elif not all(layout.PLAIN_NAME.fullmatch(part) for part in path.parts):
            yield rules.FILE_NAME.finding("The name holds unusual signs.", file=name)
        elif name.casefold() in seen:
            yield rules.FILE_NAME.finding("Another name differs by case only.", file=name)
        seen.add(name.casefold())
        if file.size > (limits.python_file if path.suffix == ".py" else limits.code_file):
            message = f"The file has {file.size / 1024 / 1024:.1f} MiB."
            yield rules.FILE_SIZE.finding(message, file=name)

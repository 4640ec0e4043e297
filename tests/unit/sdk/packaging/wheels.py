"""Wheels for tests, made by hand."""

import io
import zipfile
from collections.abc import Mapping
from pathlib import Path


def make_wheel(
    name: str = "other",
    version: str = "1.0",
    *,
    files: Mapping[str, str] | None = None,
    requires: str = "",
) -> bytes:
    """A pure wheel with one module that says its version, or with ``files``."""
    held = dict(files or {f"{name}.py": f"VERSION = {version!r}\n"})
    info = f"{name}-{version}.dist-info"
    needs = f"Requires-Dist: {requires}\n" if requires else ""
    held[f"{info}/METADATA"] = (
        f"Metadata-Version: 2.4\nName: {name}\nVersion: {version}\nLicense-Expression: MIT\n{needs}"
    )
    held[f"{info}/WHEEL"] = "Wheel-Version: 1.0\nRoot-Is-Purelib: true\nTag: py3-none-any\n"
    held[f"{info}/RECORD"] = ""
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w") as archive:
        for path, text in held.items():
            archive.writestr(path, text)
    return file.getvalue()


def write_wheel(folder: Path, name: str = "other", version: str = "1.0", **more: str) -> Path:
    """The wheel as a file that pip finds."""
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / f"{name}-{version}-py3-none-any.whl"
    path.write_bytes(make_wheel(name, version, **more))  # type: ignore[arg-type]
    return path

"""From a name and a kind to a folder that passes ``check`` and ``test`` at once."""

import keyword
import re
import shutil
from collections.abc import Mapping
from importlib import resources
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Final

from altiplano_sdk.contracts.kinds import StageKind
from altiplano_sdk.manifest import MANIFEST_NAME
from altiplano_sdk.packaging import layout
from altiplano_sdk.packaging.checking import check_package
from altiplano_sdk.packaging.findings import errors_among

_NAME: Final = re.compile(r"[a-z][a-z0-9]*(?:-[a-z0-9]+)*")
_GRANTS: Final[Mapping[StageKind, str]] = {
    StageKind.RETRIEVER: "index_use = true",
    StageKind.GENERATOR: "model_use = true",
    StageKind.LOADER: 'network_hosts = ["example.org"]',
}
_FUNCTIONS: Final[Mapping[StageKind, str]] = {
    StageKind.LOADER: "load",
    StageKind.PARSER: "parse",
    StageKind.SPLITTER: "split",
    StageKind.EMBEDDER: "_embed",
    StageKind.INDEX: "search",
    StageKind.RETRIEVER: "retrieve",
    StageKind.RERANKER: "rerank",
    StageKind.QUERY: "rewrite",
    StageKind.PROMPT: "build",
    StageKind.GUARD: "check",
    StageKind.GENERATOR: "generate",
    StageKind.TOOL: "call",
    StageKind.EVALUATOR: "evaluate",
}
_MANIFEST: Final = """\
# What the plugin is and what it asks for. Nothing that is not named here is given to it.
id = "{id}"
version = "0.1.0"
title = "{title}"
summary = "{summary}"
author = "{author}"
licence = "MIT"
# Codes of two letters, or "*" when the language does not matter.
languages = ["*"]
# Whether it stores or sends what may be personal data.
personal_data = false

[[provides]]
kind = "{kind}"
entry = "{package}:{cls}"

# What people are asked to allow when they install it.
[grants]
{grants}memory_bytes = 268_435_456
seconds = 10
"""
_README: Final = """\
# {title}

{summary}

- Edit `{function}` in `{package}/__init__.py`.
- `altiplano-plugin test` says whether it keeps the promises of a {kind}, and what it is worth.
- `altiplano-plugin pack` and `altiplano-plugin sign` make the file to upload.
"""
_LICENCE: Final = """\
MIT License

Copyright (c) {author}

Permission is hereby granted, free of charge, to any person obtaining a copy of this software and
associated documentation files (the "Software"), to deal in the Software without restriction,
including without limitation the rights to use, copy, modify, merge, publish, distribute,
sublicense, and/or sell copies of the Software, and to permit persons to whom the Software is
furnished to do so, subject to the following conditions:

The above copyright notice and this permission notice shall be included in all copies or
substantial portions of the Software.

THE SOFTWARE IS PROVIDED "AS IS", WITHOUT WARRANTY OF ANY KIND, EXPRESS OR IMPLIED, INCLUDING BUT
NOT LIMITED TO THE WARRANTIES OF MERCHANTABILITY, FITNESS FOR A PARTICULAR PURPOSE AND
NONINFRINGEMENT. IN NO EVENT SHALL THE AUTHORS OR COPYRIGHT HOLDERS BE LIABLE FOR ANY CLAIM,
DAMAGES OR OTHER LIABILITY, WHETHER IN AN ACTION OF CONTRACT, TORT OR OTHERWISE, ARISING FROM, OUT
OF OR IN CONNECTION WITH THE SOFTWARE OR THE USE OR OTHER DEALINGS IN THE SOFTWARE.
"""


class ScaffoldError(Exception):
    """The folder was not made; the message says why."""


def edited_function(kind: StageKind) -> str:
    """The function of the scaffold that its author makes their own."""
    return _FUNCTIONS[kind]


def write_scaffold(name: str, kind: StageKind, *, parent: Path, author: str) -> Path:
    """A working plugin called ``name`` in a new folder of that name below ``parent``.

    Raises ScaffoldError when there is such a folder or the name does not suit, and leaves
    nothing behind.
    """
    if not _NAME.fullmatch(name) or not 3 <= len(name) <= 64:
        raise ScaffoldError("A name has lower-case words joined by hyphens, as in glossary-guard.")
    target = parent / name
    if target.exists():
        raise ScaffoldError(f"There is a folder {name} already; it was left alone.")
    with TemporaryDirectory(prefix="altiplano-new-") as temporary:
        folder = Path(temporary) / name
        for path, text in scaffold_files(name, kind, author=author).items():
            (folder / path).parent.mkdir(parents=True, exist_ok=True)
            (folder / path).write_text(text, encoding="utf-8")
        if errors := errors_among(check_package(folder)):
            raise ScaffoldError(f"{errors[0].message} Choose another name.")
        shutil.move(folder, target)
    return target


def scaffold_files(name: str, kind: StageKind, *, author: str) -> dict[str, str]:
    """The files of the scaffold by path, in the order in which to read them."""
    package = name.replace("-", "_")
    if keyword.iskeyword(package):
        raise ScaffoldError(f"`{package}` is a word of Python; choose another name.")
    words = {
        "id": name,
        "kind": str(kind),
        "package": package,
        "cls": "".join(part.capitalize() for part in name.split("-")),
        "title": name.replace("-", " ").capitalize(),
        "author": " ".join(author.replace('"', "'").replace("\\", "/").split())[:120] or "Unknown",
        "function": edited_function(kind),
        "grants": f"{_GRANTS[kind]}\n" if kind in _GRANTS else "",
    }
    samples = resources.files("altiplano_sdk.cli.scaffolds") / str(kind)
    code = _renamed((samples / "plugin.py").read_text(encoding="utf-8"), kind, words)
    words["summary"] = code.splitlines()[0].strip('"')
    files = {
        f"{package}/__init__.py": code,
        f"tests/test_{package}.py": _renamed(
            (samples / "test_plugin.py").read_text(encoding="utf-8"), kind, words
        ),
        MANIFEST_NAME: _MANIFEST.format_map(words),
    }
    for sample in sorted(samples.iterdir(), key=lambda item: item.name):
        if sample.name.endswith((".toml", ".srt")):
            files[f"{package}/{sample.name}"] = sample.read_text(encoding="utf-8")
    files[layout.README] = _README.format_map(words)
    files[layout.LICENCE] = _LICENCE.format_map(words)
    return files


def _renamed(code: str, kind: StageKind, words: Mapping[str, str]) -> str:
    code = code.replace(f"altiplano_sdk.cli.scaffolds.{kind}.plugin", words["package"])
    return code.replace("MyPlugin", words["cls"]).replace("my-plugin", words["id"])

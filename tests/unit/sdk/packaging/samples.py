"""A small sound package, and what tests change about it."""

import io
import json
import zipfile
from collections.abc import Mapping
from pathlib import Path

MANIFEST = """\
id = "glossary-guard"
version = "1.1.0"
title = "Glossary guard"
summary = "Explains hard words to children."
author = "Ada"
licence = "Apache-2.0"
personal_data = false

[[provides]]
kind = "guard"
entry = "glossary_guard:GlossaryGuard"
"""
CODE = '''\
"""Explains hard words."""

import altiplano_sdk as sdk


class GlossaryGuard:
    points = (sdk.GuardPoint.ANSWER,)

    def __init__(self, config):
        self.config = config

    async def check(self, request, ctx):
        return sdk.GuardVerdict()
'''
SCHEMA = {
    "type": "object",
    "properties": {"words": {"type": "string", "description": "Words."}},
}
FOLDER = {
    "altiplano-plugin.toml": MANIFEST,
    "glossary_guard/__init__.py": CODE,
    "README.md": "# Glossary guard\n\nExplains hard words to children.\n",
    "LICENSE": "Apache License 2.0 ...\n",
}
ARCHIVE = {
    "altiplano-plugin.toml": MANIFEST,
    "code/glossary_guard/__init__.py": CODE,
    "schemas/guard.json": json.dumps(SCHEMA),
    "wheels.lock": "",
    "sbom.cdx.json": json.dumps({"bomFormat": "CycloneDX", "specVersion": "1.6"}),
    "report.json": "{}",
    "README.md": FOLDER["README.md"],
    "LICENSE": FOLDER["LICENSE"],
}


def write_folder(folder: Path, changes: Mapping[str, str | None] | None = None) -> Path:
    """The package in ``folder``; ``changes`` replace files, None takes one away."""
    for name, text in {**FOLDER, **(changes or {})}.items():
        if text is not None:
            path = folder / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text, encoding="utf-8")
    return folder


def make_archive(changes: Mapping[str, str | bytes | None] | None = None) -> bytes:
    """The package as an archive; ``changes`` as in :func:`write_folder`."""
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, data in {**ARCHIVE, **(changes or {})}.items():
            if data is not None:
                archive.writestr(name, data)
    return file.getvalue()


def with_lines(fragment: str) -> str:
    """The manifest with the lines of ``fragment`` in place of those of the same names.

    Tables of the fragment take the place of all tables of that name. A remark that holds nothing
    but a name takes the line of that name away.
    """
    top, _, tables = _split(fragment)
    own_top, _, own_tables = _split(MANIFEST)
    gone = {_name(line) for line in top}
    lines = [line for line in own_top if _name(line) not in gone] + top
    replaced = "[[provides]]" in tables
    kept = [] if replaced else own_tables
    return "\n".join([*lines, "", *kept, "", *tables]) + "\n"


def _split(text: str) -> tuple[list[str], str, list[str]]:
    lines = text.splitlines()
    at = next((n for n, line in enumerate(lines) if line.startswith("[")), len(lines))
    return [line for line in lines[:at] if line.strip()], "", lines[at:]


def _name(line: str) -> str:
    return line.lstrip("# ").partition("=")[0].strip()

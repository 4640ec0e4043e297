"""Every rule has an example that breaks it and one that does not, and both are tried here."""

import io
import json
import zipfile
from collections.abc import Mapping

import pytest

from altiplano_sdk import MANIFEST_NAME, PackageManifest, StageKind
from altiplano_sdk.packaging import Finding, PackageError
from altiplano_sdk.packaging.archive import open_archive
from altiplano_sdk.packaging.checking import check_package
from altiplano_sdk.packaging.reading import read_manifest
from altiplano_sdk.packaging.rulebook import CHAPTERS, RULES, Example, Rule

from .samples import ARCHIVE, CODE, MANIFEST, SCHEMA, make_archive, with_lines, write_folder

_BY_ARCHIVE = {
    rule.code for title in ("The archive", "Configuration and releases") for rule in CHAPTERS[title]
}
_BY_RUNNING = {"ALT217", "ALT218", "ALT604"}
"""Tried where packages are loaded and wheels are fetched: nothing is run here."""
_MIB = 1024 * 1024


def _files(example: Example) -> dict[str, str | None]:
    if example.file == MANIFEST_NAME and example.text is not None:
        return {MANIFEST_NAME: with_lines(example.text)}
    if example.file == "glossary_guard/terms/":
        return {f"glossary_guard/terms/t{n}.json": "{}" for n in range(2001)}
    text = example.text
    if text is not None and text.startswith("(21 MiB"):
        text = "x" * (21 * _MIB)
    return {example.file: text}


@pytest.mark.parametrize("code", sorted(set(RULES) - _BY_ARCHIVE - _BY_RUNNING))
def test_folder_breaks_the_rule_by_its_bad_example_only(code, tmp_path):
    rule = RULES[code]
    for name, example in (("bad", rule.bad), ("good", rule.good)):
        folder = tmp_path / name
        folder.mkdir()
        files = _files(example)
        if code == "ALT304" and name == "bad":
            files = {}
        write_folder(folder, files)
        if code == "ALT304" and name == "bad":
            (folder / rule.bad.file).symlink_to("/etc/passwd")
        found = [f for f in check_package(folder) if f.rule == code]
        assert bool(found) is (name == "bad"), found
        for finding in found:
            is_helpful(finding, rule)


def is_helpful(finding: Finding, rule: Rule) -> None:
    assert finding.severity is rule.severity
    assert finding.file
    assert finding.message.endswith(".")
    assert finding.hint.endswith((".", "?"))
    assert len(finding.message) < 160


def test_sound_package_has_no_finding(tmp_path):
    assert check_package(write_folder(tmp_path)) == ()
    with open_archive(make_archive()) as archive:
        assert check_package(archive) == ()


# --- Archives ------------------------------------------------------------------------------------


def _raw(entries: Mapping[str, bytes | str], **attributes: int) -> bytes:
    """An archive whose last entry has unusual ``attributes``."""
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, data in ARCHIVE.items():
            archive.writestr(name, data)
        for name, data in entries.items():
            info = zipfile.ZipInfo(name)
            info.compress_type = zipfile.ZIP_DEFLATED
            for attribute, value in attributes.items():
                setattr(info, attribute, value)
            archive.writestr(info, data)
    return file.getvalue()


def _encrypted() -> bytes:
    data = bytearray(make_archive())
    directory = data.index(b"PK\x01\x02")
    data[directory + 8] |= 1
    return bytes(data)


_LINK = (0o120777 << 16) | 0
_WHEEL = "wheels/other-1.0-py3-none-any.whl"
_PREVIOUS = read_manifest(MANIFEST.replace("1.1.0", "1.0.0"))


def _release(manifest: str = MANIFEST, schema: object = SCHEMA) -> bytes:
    return make_archive(
        {MANIFEST_NAME: manifest, "schemas/guard.json": json.dumps(schema)},
    )


def _migrated() -> str:
    return with_lines('[[config_migrations]]\nto = "1.0.0"\nkind = "guard"\nremove = ["old"]')


_BAD_ARCHIVES = {
    "ALT401": lambda: b"#!/bin/sh\n" + make_archive(),
    "ALT402": lambda: make_archive({"setup.py": ""}),
    "ALT403": lambda: make_archive({"code/glossary_guard/../../../outside.py": ""}),
    "ALT404": lambda: _raw({"code/glossary_guard/l": "/etc/passwd"}, external_attr=_LINK),
    "ALT405": lambda: make_archive(
        {"code/glossary_guard/a.py": "", "code/glossary_guard/A.py": ""}
    ),
    "ALT406": _encrypted,
    "ALT407": lambda: make_archive({"code/glossary_guard/zeros.json": bytes(16 * _MIB)}),
    "ALT408": lambda: make_archive({"schemas/guard.json": None}),
    "ALT409": lambda: make_archive({_WHEEL: b"PK"}),
    "ALT410": lambda: make_archive({"wheels/other-1.0-cp27-cp27m-win32.whl": b"PK"}),
    "ALT501": lambda: _release(schema={"type": "array"}),
    "ALT502": lambda: _release(schema={"type": "object", "properties": {"words": {}}}),
    "ALT503": lambda: _release(MANIFEST.replace("1.1.0", "1.0.0")),
    "ALT506": lambda: _release(
        with_lines('[[config_migrations]]\nto = "9.0.0"\nkind = "guard"\nremove = ["old"]')
    ),
    "ALT507": lambda: _release(
        schema={
            "type": "object",
            "required": ["level"],
            "properties": {"level": {"type": "integer", "description": "Level."}},
        }
    ),
    "ALT509": lambda: _release(
        schema={
            "type": "object",
            "properties": {"words": {"type": "string", "maxLength": 10, "description": "Words."}},
        }
    ),
    "ALT508": lambda: make_archive(
        {
            MANIFEST_NAME: MANIFEST.replace('"guard"', '"tool"'),
            "schemas/guard.json": None,
            "schemas/tool.json": json.dumps(SCHEMA),
        }
    ),
}
_PREVIOUS_BY_RULE = {
    "ALT504": _PREVIOUS.model_copy(update={"contract": 2}),
    "ALT505": read_manifest(_migrated().replace("1.1.0", "1.0.0")),
}


def _check(data: bytes, previous: PackageManifest = _PREVIOUS) -> list[Finding]:
    try:
        with open_archive(data) as archive:
            return list(
                check_package(
                    archive,
                    previous=previous,
                    previous_schemas={StageKind.GUARD: SCHEMA},
                )
            )
    except PackageError as error:
        return list(error.findings)


@pytest.mark.parametrize("code", sorted(_BY_ARCHIVE - {"ALT411", "ALT412"}))
def test_archive_breaks_the_rule_by_its_bad_example_only(code):
    """ALT411 and ALT412 are about signatures and tried with them."""
    bad = _BAD_ARCHIVES.get(code, make_archive)()
    found = [f for f in _check(bad, _PREVIOUS_BY_RULE.get(code, _PREVIOUS)) if f.rule == code]
    assert found
    for finding in found:
        is_helpful(finding, RULES[code])
    assert not [finding for finding in _check(make_archive()) if finding.rule == code]


def test_index_may_be_written_and_published(tmp_path):
    manifest = MANIFEST.replace('"guard"', '"index"')
    code = (
        "class GlossaryGuard:\n    signal = 'lexical'\n\n"
        "    def __init__(self, config):\n        self.config = config\n\n"
        "    def extend(self, previous, target, batch):\n        pass\n\n"
        "    def compact(self, previous, target, removed):\n        pass\n\n"
        "    def open(self, directory):\n        return self\n"
    )
    files = {MANIFEST_NAME: manifest, "glossary_guard/__init__.py": code}
    assert check_package(write_folder(tmp_path, files)) == ()
    entries = {
        MANIFEST_NAME: manifest,
        "code/glossary_guard/__init__.py": code,
        "schemas/guard.json": None,
        "schemas/index.json": json.dumps(SCHEMA),
    }
    with open_archive(make_archive(entries)) as archive:
        assert check_package(archive) == ()


def test_rules_have_one_code_each_and_say_why():
    rules = [rule for rules in CHAPTERS.values() for rule in rules]
    assert len({rule.code for rule in rules}) == len(rules) == len(RULES)
    for rule in rules:
        assert rule.why.endswith(".")
        assert rule.hint.endswith(".")
        assert not rule.title.endswith(".")
        assert rule.bad != rule.good


def test_code_is_read_and_not_imported(tmp_path):
    """The package would leave a trace if anything of it ran."""
    trace = tmp_path / "trace"
    code = f"from pathlib import Path\n\nPath({str(trace)!r}).touch()\n\n\n{CODE}"
    folder = tmp_path / "package"
    folder.mkdir()
    found = check_package(write_folder(folder, {"glossary_guard/__init__.py": code}))
    assert [finding.rule for finding in found] == ["ALT213"]
    assert not trace.exists()

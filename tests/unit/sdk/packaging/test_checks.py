"""The finer points of the static checks: what they see through, and what they let be."""

import pytest

from altiplano_sdk import PackageManifest, StageKind
from altiplano_sdk.packaging.checking import check_package
from altiplano_sdk.packaging.code_checks import code_findings
from altiplano_sdk.packaging.reading import read_manifest
from altiplano_sdk.packaging.release_checks import stored_config_findings

from .samples import CODE, MANIFEST, with_lines, write_folder


def rules_of(code: str) -> list[str]:
    return [finding.rule for finding in code_findings("a/b.py", code.encode())[1]]


@pytest.mark.parametrize(
    ("code", "rule"),
    [
        ("from os import system as s\n\ndef f():\n    s('ls')\n", "ALT210"),
        ("import os as o\n\ndef f():\n    o.execv('/bin/sh', [])\n", "ALT210"),
        (
            "import asyncio\n\nasync def f():\n    await asyncio.create_subprocess_shell('ls')\n",
            "ALT210",
        ),
        ("def f(x):\n    return (lambda: eval(x))()\n", "ALT210"),
        ("from concurrent.futures import process\n", "ALT208"),
        ("import ctypes.util\n", "ALT208"),
        ("from urllib import request\n", "ALT209"),
        ("import http.client as c\n", "ALT209"),
        ("from openai import OpenAI\n", "ALT209"),
        ("import altiplano.kernel\n", "ALT207"),
        ("def f():\n    import django\n", "ALT207"),
        ("from os import environ\n\ndef f():\n    return environ\n", "ALT214"),
        ("class A:\n    text = open('a').read()\n", "ALT213"),
        ("def f(text=open('a')):\n    return text\n", "ALT213"),
        ("@print('x')\ndef f():\n    pass\n", "ALT213"),
        ("from time import sleep\n\nasync def f():\n    sleep(1)\n", "ALT215"),
        ("from . import *\n", "ALT212"),
        ("x = 1\n" + "(" * 500 + ")" * 500, "ALT206"),
        ("\x00", "ALT206"),
    ],
)
def test_checks_see_through_names(code, rule):
    assert rule in rules_of(code)


@pytest.mark.parametrize(
    "code",
    [
        "import re\n\nWORD = re.compile('a')\n",
        "from urllib.parse import urlsplit\n",
        "import os.path\n\ndef f(a):\n    return os.path.join(a, 'b')\n",
        "from .altiplano import names\n",
        "from typing import TYPE_CHECKING\n\nif TYPE_CHECKING:\n    import socket\n",
        "import time\n\ndef f():\n    time.sleep(0)\n",
        "class A:\n    def eval(self):\n        return self.compile()\n",
        "import asyncio\n\nasync def f():\n    await asyncio.sleep(0)\n",
        "PATTERN = '\\d'\n",
    ],
)
def test_checks_let_ordinary_code_be(code):
    assert rules_of(code) == []


def entries_of(tmp_path, files: dict[str, str]) -> list[str]:
    folder = write_folder(tmp_path, {"glossary_guard/__init__.py": None, **files})
    return [finding.rule for finding in check_package(folder)]


@pytest.mark.parametrize(
    "files",
    [
        {
            "glossary_guard/__init__.py": "from glossary_guard.deep.plugin import GlossaryGuard\n",
            "glossary_guard/deep/__init__.py": "",
            "glossary_guard/deep/plugin.py": CODE,
        },
        {
            "glossary_guard/__init__.py": "from .plugin import Real as GlossaryGuard\n",
            "glossary_guard/plugin.py": CODE.replace("class GlossaryGuard", "class Real"),
        },
        {"glossary_guard/__init__.py": "from makers import make\n\nGlossaryGuard = make(1)\n"},
        {"glossary_guard/__init__.py": "from makers import GlossaryGuard\n"},
        {
            "glossary_guard/__init__.py": "from makers import Base\n\n\n"
            "class GlossaryGuard(Base):\n    pass\n"
        },
        {
            "glossary_guard/__init__.py": CODE.replace(
                "    points = (sdk.GuardPoint.ANSWER,)\n", ""
            ).replace("self.config = config", "self.points = config.points")
        },
        {"glossary_guard/__init__.py": CODE.replace("request, ctx", "*given")},
    ],
    ids=["deep", "renamed", "made", "wheel", "based", "in init", "starred"],
)
def test_class_is_found_where_it_is(files, tmp_path):
    assert entries_of(tmp_path, files) == []


@pytest.mark.parametrize(
    ("files", "rules"),
    [
        ({"glossary_guard/__init__.py": "from .missing import GlossaryGuard\n"}, ["ALT202"]),
        ({"glossary_guard/__init__.py": "from . import GlossaryGuard\n"}, ["ALT202"]),
        ({"glossary_guard/__init__.py": CODE.replace("    points", "    other")}, ["ALT203"]),
        (
            {"glossary_guard/__init__.py": CODE.replace("async def check", "async def look")},
            ["ALT203"],
        ),
        ({"glossary_guard/__init__.py": CODE.replace("request, ctx", "request")}, ["ALT203"]),
        (
            {"glossary_guard/__init__.py": CODE.replace("request, ctx", "request, ctx, *, more")},
            ["ALT203"],
        ),
    ],
)
def test_class_that_does_not_fit_is_told(files, rules, tmp_path):
    assert entries_of(tmp_path, files) == rules


def test_generator_that_yields_nothing_is_told(tmp_path):
    code = (
        "class Talker:\n    def __init__(self, config):\n        self.config = config\n\n"
        "    async def generate(self, request, ctx):\n        return 1\n"
    )
    manifest = MANIFEST.replace('"guard"', '"generator"').replace("GlossaryGuard", "Talker")
    files = {"altiplano-plugin.toml": manifest, "glossary_guard/__init__.py": code}
    found = check_package(write_folder(tmp_path, files))
    assert [(finding.rule, finding.line) for finding in found] == [("ALT203", 5)]
    yielding = code.replace("return 1", "yield 1")
    assert (
        check_package(write_folder(tmp_path, {**files, "glossary_guard/__init__.py": yielding}))
        == ()
    )


def test_reserved_ids_are_the_callers(tmp_path):
    folder = write_folder(tmp_path)
    assert check_package(folder) == ()
    (found,) = check_package(folder, reserved={"glossary-guard", "cited"})
    assert (found.rule, found.line) == ("ALT107", 1)


def test_sdk_range_is_compared_with_the_sdk_that_is_asked_about(tmp_path):
    manifest = with_lines('sdk = ">=0.1,<0.3"')
    folder = write_folder(tmp_path, {"altiplano-plugin.toml": manifest})
    assert check_package(folder, sdk_version="0.2.9") == ()
    assert [f.rule for f in check_package(folder, sdk_version="0.3.0")] == ["ALT109"]
    broken = write_folder(tmp_path, {"altiplano-plugin.toml": with_lines('sdk = "new"')})
    assert [f.rule for f in check_package(broken)] == ["ALT109"]


def test_more_python_than_can_be_read_is_told_and_not_read(tmp_path):
    """A tree takes a hundred times the room of its text: somebody else's must not fill a worker."""
    files = {f"glossary_guard/m{n}.py": "x = 1\n" * 80_000 for n in range(5)}
    found = check_package(write_folder(tmp_path, files))
    assert [(f.rule, f.file) for f in found] == [("ALT302", "glossary_guard")]


def test_errors_come_before_warnings(tmp_path):
    found = check_package(write_folder(tmp_path, {"README.md": None, "LICENSE": None}))
    assert [finding.rule for finding in found] == ["ALT111", "ALT112"]


# --- Stored configurations -----------------------------------------------------------------------

_BEFORE = read_manifest(MANIFEST.replace("1.1.0", "1.0.0"))
_OLD = {
    "type": "object",
    "required": ["words"],
    "properties": {"words": {"type": "string"}, "limit": {"type": "integer"}},
}


def _stored(properties, required=(), steps: str = "") -> list[str]:
    manifest: PackageManifest = read_manifest(f"{MANIFEST}\n{steps}")
    schema = {"type": "object", "properties": properties, "required": list(required)}
    found = stored_config_findings(
        manifest, {StageKind.GUARD: schema}, _BEFORE, {StageKind.GUARD: _OLD}
    )
    return [finding.message.split("`")[1] for finding in found]


def _step(text: str) -> str:
    return f'[[config_migrations]]\nto = "1.1.0"\nkind = "guard"\n{text}\n'


_WORDS, _LIMIT = {"type": "string"}, {"type": "integer"}


@pytest.mark.parametrize(
    ("properties", "required", "steps", "broken"),
    [
        ({"words": _WORDS, "limit": _LIMIT}, ["words"], "", []),
        ({"words": _WORDS, "limit": _LIMIT, "more": _WORDS}, ["words"], "", []),
        ({"words": _WORDS, "limit": {"type": "number"}}, [], "", []),
        ({"words": _WORDS, "limit": {"anyOf": [_LIMIT, {"type": "null"}]}}, [], "", []),
        ({"words": _WORDS}, [], "", ["limit"]),
        ({"words": _WORDS, "limit": _WORDS}, [], "", ["limit"]),
        ({"words": _WORDS, "limit": _LIMIT}, ["limit"], "", ["limit"]),
        ({"words": _WORDS, "limit": _LIMIT, "more": _WORDS}, ["more"], "", ["more"]),
        ({"words": _WORDS}, [], _step('remove = ["limit"]'), []),
        ({"words": _WORDS, "most": _LIMIT}, [], _step('rename = {limit = "most"}'), []),
        ({"words": _WORDS, "most": _WORDS}, [], _step('rename = {limit = "most"}'), ["most"]),
        (
            {"words": _WORDS, "limit": _LIMIT, "more": _WORDS},
            ["more"],
            _step('set = {more = "x"}'),
            [],
        ),
        ({"words": _WORDS, "limit": {}}, [], "", []),
    ],
)
def test_stored_configurations_stay_right(properties, required, steps, broken):
    assert _stored(properties, required, steps) == broken


@pytest.mark.parametrize(
    ("before", "now", "is_narrower"),
    [
        ({"minimum": 1}, {"minimum": 0}, False),
        ({"minimum": 1}, {"minimum": 2}, True),
        ({"maximum": 9}, {"maximum": 10}, False),
        ({"maximum": 9}, {}, False),
        ({}, {"maximum": 10**9}, True),
        ({"enum": ["a", "b"]}, {"enum": ["a", "b", "c"]}, False),
        ({"enum": ["a", "b"]}, {"enum": ["a"]}, True),
        ({}, {"enum": ["a"]}, True),
        ({"pattern": "a"}, {"pattern": "a"}, False),
        ({"pattern": "a"}, {"pattern": "b"}, True),
        ({"pattern": "a"}, {}, False),
    ],
)
def test_narrower_bounds_are_told(before, now, is_narrower):
    def schema(field):
        return {StageKind.GUARD: {"type": "object", "properties": {"words": field}}}

    manifest = read_manifest(MANIFEST)
    found = list(stored_config_findings(manifest, schema(now), _BEFORE, schema(before)))
    assert [finding.rule for finding in found] == (["ALT509"] if is_narrower else [])


def test_types_behind_references_are_followed():
    properties = {"words": {"$ref": "#/$defs/Words"}, "limit": _LIMIT}
    schema = {
        "type": "object",
        "properties": properties,
        "$defs": {"Words": {"type": "integer"}},
    }
    manifest = read_manifest(MANIFEST)
    found = stored_config_findings(
        manifest, {StageKind.GUARD: schema}, _BEFORE, {StageKind.GUARD: _OLD}
    )
    assert ["`words`" in finding.message for finding in found] == [True]

"""What the author's tool does with files, and that all it says fits a screen."""

import json
import sys
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from altiplano_sdk import StageKind
from altiplano_sdk.cli.main import main, make_parser
from altiplano_sdk.cli.scaffold import (
    ScaffoldError,
    edited_function,
    scaffold_files,
    write_scaffold,
)
from altiplano_sdk.cli.trying import stamp_of
from altiplano_sdk.packaging.archive import open_archive
from altiplano_sdk.packaging.checking import check_package
from altiplano_sdk.packaging.keys import load_key, raw_public_key
from altiplano_sdk.packaging.rulebook import RULES
from altiplano_sdk.packaging.signing import SignatureState, verify_archive
from tests.unit.sdk.packaging.samples import CODE, MANIFEST, make_archive, write_folder

ROOT = Path(__file__).resolve().parents[4]


@pytest.fixture
def here(tmp_path, monkeypatch):
    """The current folder, and a home of its own."""
    folder = tmp_path / "here"
    folder.mkdir()
    monkeypatch.chdir(folder)
    monkeypatch.setenv("HOME", str(tmp_path / "home"))
    # An author has no Django project for pytest to look for.
    monkeypatch.delenv("DJANGO_SETTINGS_MODULE", raising=False)
    return folder


@pytest.fixture
def said(capsys):
    """What was said since the last time, which fits a screen."""

    def read() -> str:
        text = capsys.readouterr().out
        assert len(text.splitlines()) <= 24
        assert all(len(line) <= 100 for line in text.splitlines())
        return text

    return read


@pytest.mark.parametrize("kind", StageKind)
def test_new_makes_a_sound_package_of_each_kind(kind, here, said):
    assert main(["new", f"my-own-{kind}", "--kind", kind, "--author", 'Ada "A" \\ Lovelace']) == 0
    text = said()
    assert f"edit `{edited_function(kind)}`" in text
    folder = here / f"my-own-{kind}"
    assert check_package(folder) == ()
    code = (folder / f"my_own_{kind}" / "__init__.py").read_text()
    assert f"def {edited_function(kind)}(" in code
    for path in folder.rglob("*"):
        if path.is_file():
            assert "scaffold" not in path.read_text()
            assert "MyPlugin" not in path.read_text()
            assert "my-plugin" not in path.read_text()


_NAMES = st.from_regex(r"[a-z][a-z0-9]{0,8}(-[a-z0-9]{1,8}){0,4}", fullmatch=True)


@given(name=_NAMES)
@settings(deadline=None, max_examples=60)
def test_new_makes_a_sound_package_of_any_name_or_nothing(name, tmp_path_factory):
    parent = tmp_path_factory.mktemp("parent")
    try:
        folder = write_scaffold(name, StageKind.GUARD, parent=parent, author="Ada")
    except ScaffoldError:
        folder = None
    assert [path.name for path in parent.iterdir()] == ([name] if folder else [])
    assert folder is None or check_package(folder) == ()


@pytest.mark.parametrize("name", ["Glossary", "a", "json", "class", "altiplano-x", "../up", "é-è"])
def test_new_refuses_names_that_cannot_be(name, here, said):
    assert main(["new", name, "--kind", "guard"]) == 1
    assert said().strip().endswith(".")
    assert list(here.iterdir()) == []


def test_new_leaves_a_folder_alone_that_is_there(here, said):
    (here / "glossary-guard").mkdir()
    assert main(["new", "glossary-guard", "--kind", "guard"]) == 1
    assert "left alone" in said()
    assert list((here / "glossary-guard").iterdir()) == []


def test_template_folder_shows_what_new_makes():
    """`plugins/template` is there to be read; it is what a new author gets."""
    shown = ROOT / "plugins/template"
    made = scaffold_files("my-guard", StageKind.GUARD, author="Altiplano")
    held = {
        path.relative_to(shown).as_posix(): path.read_text(encoding="utf-8")
        for path in shown.rglob("*")
        if path.is_file() and "__pycache__" not in path.parts
    }
    assert held == made


def test_check_names_the_line_and_how_to_mend_it(here, said):
    bad = CODE.replace("async def check", "def check")
    write_folder(here, {"glossary_guard/__init__.py": bad})
    assert main(["check"]) == 1
    lines = said().splitlines()
    line = bad.splitlines().index("    def check(self, request, ctx):") + 1
    assert lines[0].startswith(f"glossary_guard/__init__.py:{line}  ALT203  ")
    assert lines[1].startswith("    Write `async def check(self, request, ctx)`")
    assert lines[-1].startswith("1 to mend.")


def test_check_says_when_there_is_nothing_to_mend(here, said):
    write_folder(here)
    assert main(["check"]) == 0
    assert said() == "Nothing to mend.\n"


def test_check_compares_with_the_last_release(here, said):
    write_folder(here)
    last = here / "last.altiplano"
    last.write_bytes(make_archive())
    assert main(["check", "--since", str(last)]) == 1
    assert "ALT503" in said()
    earlier = MANIFEST.replace("1.1.0", "1.0.0")
    last.write_bytes(make_archive({"altiplano-plugin.toml": earlier}))
    assert main(["check", "--since", str(last)]) == 0
    last.write_bytes(b"no archive")
    said()
    assert main(["check", "--since", str(last)]) == 1
    assert "no packed release" in said()


def test_check_of_nothing_is_told(here, said):
    assert main(["check", "missing"]) == 1
    assert "There is no missing" in said()
    assert main(["check"]) == 1
    assert "ALT101" in said()


@pytest.mark.parametrize("code", sorted(RULES))
def test_every_rule_explains_itself_on_one_screen(code, said):
    assert main(["check", "--explain", code.lower()]) == 0
    text = said()
    assert text.startswith(f"{code}  {RULES[code].title}.")
    assert "... and" not in text


def test_unknown_rule_is_told(said):
    assert main(["check", "--explain", "ALT999"]) == 1
    assert "ALT101 to ALT715" in said()


def test_promises_of_the_suites_explain_themselves_too(said):
    assert main(["check", "--explain", "alt707"]) == 0
    assert said().startswith("ALT707  Many calls at once.")


@pytest.mark.parametrize("command", ["", "new", "check", "test", "dev", "pack", "sign", "install"])
def test_help_fits_a_screen(command, capsys, monkeypatch):
    monkeypatch.setenv("COLUMNS", "100")
    with pytest.raises(SystemExit) as caught:
        main([*filter(None, [command]), "--help"])
    assert caught.value.code == 0
    assert len(capsys.readouterr().out.splitlines()) <= 24


def test_every_command_has_help():
    (commands,) = make_parser()._subparsers._group_actions
    assert len(commands.choices) == 7
    assert all(action.help for action in commands._choices_actions)


def test_sign_makes_a_key_once_and_signs_with_it(here, said):
    package = here / "glossary-guard-1.1.0.altiplano"
    package.write_bytes(make_archive())
    assert main(["sign"]) == 1
    assert "--new-key" in said()
    assert main(["sign", "--new-key"]) == 0
    text = said()
    assert "ed25519:" in text
    assert f"{package.name} is signed" in text
    with open_archive(package) as archive:
        result = verify_archive(archive, [raw_public_key(load_key("author"))])
    assert result.state is SignatureState.VALID
    assert main(["sign", "--new-key"]) == 1
    assert "left alone" in said()
    assert main(["sign", str(package)]) == 0


def test_sign_without_a_file_says_what_makes_one(here, said):
    assert main(["sign", "--new-key"]) == 0
    said()
    assert main(["sign"]) == 1
    assert "altiplano-plugin pack" in said()
    assert main(["sign", "missing.altiplano"]) == 1
    assert "missing.altiplano" in said()
    (here / "bad.altiplano").write_bytes(b"bad")
    assert main(["sign", "bad.altiplano"]) == 1
    assert "ALT401" in said()


@pytest.mark.parametrize("command", ["test", "pack"])
def test_nothing_is_tested_or_packed_while_a_check_fails(command, here, said):
    write_folder(here, {"LICENSE": None})
    assert main([command]) == 1
    assert "ALT111" in said()
    assert list(here.glob("*.altiplano")) == []


def test_test_tells_which_promise_is_broken(here, said):
    broken = CODE.replace("return sdk.GuardVerdict()", "return {'action': 'pass'}")
    write_folder(here, {"glossary_guard/__init__.py": broken})
    assert main(["pack"]) == 1
    text = said()
    assert "glossary_guard/__init__.py:" in text
    assert " ALT7" in text
    assert "nothing was packed" in text
    assert list(here.glob("*.altiplano")) == []


def test_test_gives_the_report_as_json(here, capsys):
    write_folder(here)
    assert main(["test", "--json"]) == 0
    report = json.loads(capsys.readouterr().out)
    assert report["plugin"] == "glossary-guard"
    assert report["failed"] == []


def test_install_without_a_file_or_a_key_is_told(here, said):
    connect = ["--connect", "https://a.example", "--key", "@missing"]
    assert main(["install", *connect]) == 1
    assert "altiplano-plugin pack" in said()
    (here / "a.altiplano").write_bytes(make_archive())
    assert main(["install", *connect]) == 1
    assert "key cannot be read from missing" in said()


def test_ctrl_c_ends_every_command_without_a_traceback(here, said, monkeypatch):
    def interrupted(*_args):
        raise KeyboardInterrupt

    monkeypatch.setattr("altiplano_sdk.cli.making.tested", interrupted)
    assert main(["test"]) == 130
    assert said().strip() == "Stopped."


def test_dev_of_an_unsound_manifest_sends_nothing(here, said):
    write_folder(here, {"altiplano-plugin.toml": "id = 1"})
    options = ["--connect", "https://a.example", "--key", "k", "--app", "a"]
    assert main(["dev", *options]) == 1
    assert "ALT103" in said()


def test_folder_is_other_when_a_file_that_travels_is(here):
    write_folder(here)
    before = stamp_of(here)
    (here / ".git").mkdir()
    (here / ".git" / "index").write_text("x")
    (here / "glossary_guard" / "__pycache__").mkdir()
    (here / "glossary_guard" / "__pycache__" / "a.pyc").write_text("x")
    assert stamp_of(here) == before
    (here / "glossary_guard" / "terms.json").write_text("{}")
    assert stamp_of(here) != before


def test_tool_starts_without_what_only_some_commands_need():
    import subprocess

    code = (
        "import sys\nfrom altiplano_sdk.cli.main import make_parser\nmake_parser()\n"
        "print([n for n in ('cryptography', 'pytest', 'packaging', 'pydantic') if n in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "['pydantic']"

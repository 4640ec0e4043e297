"""The documentation says what is true: routes, settings, limits, terms and links are checked."""

import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from django.apps import apps
from django.conf import settings

ROOT = Path(__file__).resolve().parents[2]
DOCS = ROOT / "docs"
WRITTEN = sorted([ROOT / "README.md", *DOCS.rglob("*.md")])
TUTORIAL = DOCS / "tutorials/first-app-by-api.md"


def read(path: Path) -> str:
    return path.read_text(encoding="utf-8")


def bash_blocks(path: Path) -> list[str]:
    return re.findall(r"```bash\n(.*?)```", read(path), flags=re.DOTALL)


@pytest.fixture(scope="module")
def generated() -> dict[str, str]:
    sys.path.insert(0, str(DOCS / "config"))
    import generate

    return {address: write() for address, write in generate.PAGES.items()}


@pytest.fixture(scope="module")
def site(tmp_path_factory) -> Path:
    """The built documentation."""
    target = tmp_path_factory.mktemp("site")
    config = DOCS / "config/mkdocs.yml"
    command = [sys.executable, "-m", "mkdocs", "build", "--strict"]
    built = subprocess.run(
        [*command, "-f", str(config), "-d", str(target)],
        capture_output=True,
        text=True,
        check=False,
    )
    assert built.returncode == 0, built.stderr
    return target


def routes() -> set[tuple[str, str]]:
    from altiplano.config.api import api

    paths = api.get_openapi_schema()["paths"]
    return {
        (method.upper(), re.sub(r"{\w+}", "{}", path).rstrip("/"))
        for path, methods in paths.items()
        for method in methods
    }


@pytest.mark.parametrize("path", WRITTEN, ids=lambda path: path.name)
def test_routes_named_in_the_documentation_exist(path):
    known = routes()
    named = re.findall(r"\b(GET|POST|PATCH|DELETE) (/api/v1/[\w/{}-]+)", read(path))
    for method, address in named:
        assert (method, re.sub(r"{\w+}", "{}", address).rstrip("/")) in known


def test_requests_of_the_tutorial_go_to_routes_that_exist():
    known = routes()
    requests = re.findall(
        r'curl -sfN?( -X \w+)? "\$ALTIPLANO(/api/v1/[^"]+)"(.*?)(?=curl|\Z)',
        "\n".join(bash_blocks(TUTORIAL)),
        flags=re.DOTALL,
    )
    assert len(requests) > 10
    for method, address, rest in requests:
        body = "--json" in rest or " -F " in rest
        verb = method.split()[-1] if method else "POST" if body else "GET"
        assert (verb, re.sub(r"\$\w+", "{}", address)) in known


@pytest.mark.parametrize("path", WRITTEN, ids=lambda path: path.name)
def test_settings_named_in_the_documentation_are_read_somewhere(path):
    source = "\n".join(
        read(file)
        for folder in ("platform", "worker", "tests")
        for file in (ROOT / folder).rglob("*.py")
    )
    for name in set(re.findall(r"ALTIPLANO_([A-Z][A-Z_]+[A-Z])", read(path))):
        plain = name.removesuffix("_FILE")
        assert f'"{plain}"' in source or f"ALTIPLANO_{plain}" in source, name


def test_limits_are_those_of_the_settings():
    page = read(DOCS / "reference/limits.md")
    stated = {
        "MAX_DOCUMENT_BYTES": f"{settings.MAX_DOCUMENT_BYTES // 1024**2} MB",
        "MAX_FILES_PER_UPLOAD": f"| {settings.MAX_FILES_PER_UPLOAD} |",
        "MAX_UPLOAD_BYTES": f"{settings.MAX_UPLOAD_BYTES // 1024**3} GB",
        "MAX_TEXT_CHARS": f"{settings.MAX_TEXT_CHARS // 1_000_000} million",
        "PARSE_SECONDS": f"{settings.PARSE_SECONDS} s",
        "STORAGE_BYTES": f"{settings.STORAGE_BYTES // 1024**3} GB",
        "MAX_QUESTION_CHARS": f"{settings.MAX_QUESTION_CHARS:,} characters",
        "RUN_SECONDS": f"{settings.RUN_SECONDS} s",
        "RUN_SLOTS": f"| {settings.RUN_SLOTS} |",
        "STREAMS_PER_PERSON": f"{settings.STREAMS_PER_PERSON}, ",
        "RUNS_PER_DAY": f"{settings.RUNS_PER_DAY:,}",
        "JOB_MAX_ATTEMPTS": f"| {settings.JOB_MAX_ATTEMPTS} |",
    }
    for name, text in stated.items():
        row = next(line for line in page.splitlines() if f"ALTIPLANO_{name}`" in line)
        assert text in row, name


def test_glossary_holds_every_model():
    page = read(DOCS / "reference/glossary.md").replace(" ", "").lower()
    inner = {"User", "DocumentText"}
    for model in apps.get_models():
        if model.__module__.startswith("altiplano.") and model.__name__ not in inner:
            assert model.__name__.lower() in page, model.__name__


def test_generated_reference_holds_what_the_code_has(generated):
    from altiplano_sdk.events import EVENT_TYPES

    for method, address in routes():
        if method in {"GET", "POST", "PATCH", "DELETE"}:
            wanted = re.escape(f"{method} {address}").replace(r"\{\}", r"{\w+}")
            assert re.search(wanted, generated["reference/api.md"]), address
    for event in EVENT_TYPES:
        assert f"## {event}" in generated["reference/events.md"]
    for command in ("up", "backup", "restore", "organization create"):
        assert f"### altiplano {command}\n" in generated["reference/commands.md"]
    assert "`name_taken`" in generated["reference/errors.md"]
    assert "### Retriever" in generated["reference/sdk.md"]


def test_every_rule_for_plugins_is_explained_with_an_example_of_both_sides(generated):
    from altiplano_sdk.packaging.rulebook import RULES

    page = generated["reference/plugin-rules.md"]
    for code, rule in RULES.items():
        entry = page.partition(f"### {code}: {rule.title}\n")[2].partition("\n### ")[0]
        assert rule.why in entry
        assert rule.hint in entry
        assert entry.index("Not so") < entry.index("But so")
    assert "### ALT706: Cancellation" in page


def test_every_command_for_authors_is_described(generated):
    page = generated["reference/plugin-commands.md"]
    for command in ("new", "check", "test", "dev", "pack", "sign", "install"):
        entry = page.partition(f"## altiplano-plugin {command}\n")[2].partition("\n## ")[0]
        assert f"usage: altiplano-plugin {command}" in entry


def test_readme_is_short_and_its_commands_and_links_exist():
    readme = read(ROOT / "README.md")
    assert len(readme.splitlines()) < 150
    makefile = read(ROOT / "Makefile")
    for target in re.findall(r"\bmake ([a-z-]+)", readme):
        assert target == "up" or re.search(rf"^{target}:|^help:", makefile, flags=re.MULTILINE)
    for link in re.findall(r"\]\(([^)#]+)\)", readme):
        assert (ROOT / link).exists(), link


@pytest.mark.parametrize("path", WRITTEN, ids=lambda path: path.name)
def test_shell_samples_are_shell(path, tmp_path):
    for block in bash_blocks(path):
        script = tmp_path / "sample.sh"
        script.write_text(block, encoding="utf-8")
        checked = subprocess.run(
            [shutil.which("bash") or "bash", "-n", str(script)],
            capture_output=True,
            text=True,
            check=False,
        )
        assert checked.returncode == 0, checked.stderr


def test_decisions_are_numbered_and_titled_by_what_was_decided():
    pages = sorted((DOCS / "adr").glob("*.md"))
    assert [int(page.name[:4]) for page in pages] == list(range(1, len(pages) + 1))
    for page in pages:
        number, _, title = read(page).partition("\n")[0].removeprefix("# ").partition(". ")
        assert int(number) == int(page.name[:4])
        assert len(title.split()) >= 5


def test_site_builds_and_loads_nothing_from_elsewhere(site):
    for page in site.rglob("*.html"):
        html = read(page)
        assert not re.findall(r'<(?:script|img|iframe)[^>]+src="https?://', html), page.name
        assert not re.findall(r'<link[^>]+rel="stylesheet"[^>]+href="https?://', html), page.name

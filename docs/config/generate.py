# ruff: noqa: E402 - Django must be set up before anything that touches models is imported.
"""Reference pages that are written from the code, so that they cannot say anything else.

``python docs/config/generate.py reference/api.md`` prints one of them.
"""

import argparse
import ast
import inspect
import os
import re
import sys
import tempfile
from collections.abc import Callable, Iterable
from dataclasses import fields, is_dataclass
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[2]

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "altiplano.config.settings")
os.environ.setdefault("ALTIPLANO_SECRET_KEY", "only-for-a-build-that-touches-no-data")
os.environ.setdefault("ALTIPLANO_HOME", tempfile.mkdtemp(prefix="altiplano-docs-"))

import django

django.setup()

from plugin_rules import write_plugin_commands, write_plugin_rules

import altiplano_sdk
from altiplano.config.api import api
from altiplano.kernel.errors import DomainError
from altiplano.ops.cli import build_parser
from altiplano_sdk.events import EVENT_TYPES


def write_api() -> str:
    """Every operation of the REST API with its fields, from the OpenAPI description."""
    schema = api.get_openapi_schema()
    lines = [
        "# REST API",
        "",
        "Everything lies under `/api/v1`. Send an API key as `Authorization: Bearer KEY`, or use the",
        "session of a signed-in browser with its CSRF token. The machine-readable description is at",
        "`/api/v1/openapi.json`. Errors are RFC 9457 problem documents; their codes are in the",
        "[list of errors](errors.md).",
        "",
    ]
    by_tag: dict[str, list[str]] = {}
    for path, operations in schema["paths"].items():
        for method, operation in operations.items():
            entry = _operation(method, path, operation, schema["components"]["schemas"])
            by_tag.setdefault(operation["tags"][0], []).extend(entry)
    for tag, entries in by_tag.items():
        lines += [f"## {tag.capitalize()}", "", *entries]
    return "\n".join(lines) + "\n"


def _operation(
    method: str, path: str, operation: dict[str, Any], schemas: dict[str, Any]
) -> list[str]:
    lines = [f"### {operation['summary']}", "", f"`{method.upper()} {path}`", ""]
    if operation.get("description"):
        lines += [operation["description"], ""]
    rows = [
        (each["name"], each["in"], _type(each["schema"]), each.get("description", ""))
        for each in operation.get("parameters", ())
        if each["in"] != "path"
    ]
    for kind, content in operation.get("requestBody", {}).get("content", {}).items():
        place = "body" if kind == "application/json" else kind
        body = _resolve(content["schema"], schemas)
        rows += [
            (name, place, _type(field), field.get("description", ""))
            for name, field in body.get("properties", {}).items()
        ]
    if rows:
        lines += _table(("Field", "In", "Type", "Meaning"), rows)
    answers = [status for status in operation["responses"] if str(status).startswith("2")]
    for status in answers:
        content = operation["responses"][status].get("content", {})
        if not content:
            lines += [f"Answers {status} without a body.", ""]
        for kind, described in content.items():
            body = _resolve(described.get("schema", {}), schemas)
            names = ", ".join(f"`{name}`" for name in body.get("properties", {}))
            lines += [f"Answers {status} `{kind}`{': ' + names if names else ''}.", ""]
    return lines


def _resolve(schema: dict[str, Any], schemas: dict[str, Any]) -> dict[str, Any]:
    if schema.get("type") == "array":
        schema = schema["items"]
    reference = schema.get("$ref", "")
    return schemas[reference.rpartition("/")[2]] if reference else schema


def _type(schema: dict[str, Any]) -> str:
    if "$ref" in schema:
        return str(schema["$ref"]).rpartition("/")[2]
    if "anyOf" in schema:
        return " or ".join(_type(each) for each in schema["anyOf"])
    if "enum" in schema:
        return " or ".join(f"`{value}`" for value in schema["enum"])
    if "const" in schema:
        return f"`{schema['const']}`"
    if schema.get("type") == "array":
        return f"list of {_type(schema['items'])}"
    return str(schema.get("type", "any"))


def write_events() -> str:
    """The run events with their fields."""
    module = sys.modules[EVENT_TYPES["run.started"].__module__]
    lines = ["# Run events", "", _prose(module.__doc__), ""]
    lines += [
        "Over HTTP each event is a server-sent event: `id` is its place in the stream, `event` its",
        "type, `data` its fields as JSON. Send the last `id` as `Last-Event-ID` to go on after a",
        "cut. When the stream has been trimmed meanwhile, one event `reset` comes first, whose `run`",
        "is the run as the database knows it.",
        "",
    ]
    for name, event in EVENT_TYPES.items():
        lines += [f"## {name}", ""]
        if event.__doc__ and not event.__doc__.startswith(event.__name__):
            lines += [_prose(event.__doc__), ""]
        lines += [f"- `{field.name}`: {_annotation(field.type)}" for field in fields(event)]
        lines += ["", "This event is the last one." if event.terminal else "", ""]
    return "\n".join(lines)


def write_errors() -> str:
    """The codes with which the portal and the worker refuse or fail, and where each comes from."""
    lines = ["# Errors", "", _errors_text(), ""]
    rows = sorted(_codes_in("platform/altiplano") | _codes_in("worker/altiplano_worker"))
    lines += _table(("Code", "Status", "Sentence"), rows)
    return "\n".join(lines)


def _errors_text() -> str:
    return (
        "Every error under `/api/` is a problem document `{type, title, status, code, detail, "
        "fields?}`. `code` is stable and for programs; `detail` is a sentence for people and may be "
        "reworded; `fields` names the fields at fault. A run or a document that failed carries a "
        "code and a sentence in the same way. Parts in braces are filled in."
    )


def _codes_in(folder: str) -> set[tuple[str, str, str]]:
    """``(code, status, sentence)`` of every error that is raised with a code of its own."""
    statuses = _statuses()
    found = set()
    for path in sorted((ROOT / folder).rglob("*.py")):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if not isinstance(node, ast.Call):
                continue
            name = str(getattr(node.func, "id", getattr(node.func, "attr", "")))
            code = next((k.value for k in node.keywords if k.arg == "code"), None)
            if not name.endswith("Error") or not isinstance(code, ast.Constant) or not code.value:
                continue
            sentence = _sentence(node.args[0]) if node.args else ""
            found.add((f"`{code.value}`", statuses.get(name, ""), sentence))
    return found


def _statuses() -> dict[str, str]:
    """The HTTP status of every kind of domain error that the portal knows."""
    found = {}
    kinds_of_error = [DomainError]
    for kind in kinds_of_error:
        found[kind.__name__] = str(kind.status)
        kinds_of_error += kind.__subclasses__()
    return found


def _sentence(node: ast.expr) -> str:
    if isinstance(node, ast.Constant):
        return str(node.value)
    if isinstance(node, ast.JoinedStr):
        return "".join(
            str(part.value) if isinstance(part, ast.Constant) else "{…}" for part in node.values
        )
    return ""


def write_commands() -> str:
    """The console script's commands, from its own parser, and the make targets."""
    lines = ["# Commands", "", "## altiplano", ""]
    for path, parser in _commands(build_parser(), ("altiplano",)):
        lines += [f"### {' '.join(path)}", "", f"{_capital(parser.description)}.", ""]
        options = [
            (f"`{', '.join(action.option_strings) or action.dest}`", action.help or "")
            for action in parser._actions  # noqa: SLF001 - argparse shows them no other way
            if not isinstance(action, argparse._HelpAction | argparse._SubParsersAction)  # noqa: SLF001
        ]
        lines += _table(("Option", "Meaning"), options) if options else []
    lines += ["## make", ""]
    makefile = (ROOT / "Makefile").read_text(encoding="utf-8")
    targets = re.findall(r'@echo "make (\S(?:[^"\\]|\\.)*?)  +((?:[^"\\]|\\.)*)"', makefile)
    lines += _table(
        ("Target", "Meaning"), [(f"`make {_plain(name)}`", _plain(text)) for name, text in targets]
    )
    return "\n".join(lines)


def _commands(
    parser: argparse.ArgumentParser, path: tuple[str, ...]
) -> Iterable[tuple[tuple[str, ...], argparse.ArgumentParser]]:
    groups = [a for a in parser._actions if isinstance(a, argparse._SubParsersAction)]  # noqa: SLF001
    if not groups:
        yield path, parser
    for group in groups:
        helps = {action.dest: action.help for action in group._choices_actions}  # noqa: SLF001
        for name, child in group.choices.items():
            child.description = child.description or helps.get(name)
            yield from _commands(child, (*path, name))


def _plain(text: str) -> str:
    return text.replace("\\$$", "$").replace('\\"', '"').strip()


def _capital(text: str | None) -> str:
    text = (text or "").rstrip(".")
    return text[:1].upper() + text[1:]


def write_sdk() -> str:
    """What a plugin author imports: the Protocols of each kind and the values they pass."""
    lines = ["# Plugin SDK", "", _prose(altiplano_sdk.__doc__), ""]
    classes = [
        (name, getattr(altiplano_sdk, name))
        for name in sorted(altiplano_sdk.__all__)
        if inspect.isclass(getattr(altiplano_sdk, name))
    ]
    for title, is_wanted in (("Contracts", True), ("Values and errors", False)):
        lines += [f"## {title}", ""]
        for name, thing in classes:
            if bool(getattr(thing, "_is_protocol", False)) is is_wanted:
                lines += _described(name, thing)
    return "\n".join(lines)


def _prose(docstring: str | None) -> str:
    """A docstring as Markdown: roles of Sphinx and double backquotes become code."""
    return re.sub(r"(?::\w+:)?`+~?([^`]+)`+", r"`\1`", inspect.cleandoc(docstring or ""))


def _described(name: str, thing: type) -> list[str]:
    lines = [f"### {name}", ""]
    documented = thing.__doc__ or ""
    if documented and not documented.startswith(f"{name}("):
        lines += [_prose(documented), ""]
    if is_dataclass(thing):
        lines += [f"- `{field.name}`: {_annotation(field.type)}" for field in fields(thing)]
        lines.append("")
    for method_name, method in vars(thing).items():
        if inspect.isfunction(method) and not method_name.startswith("_"):
            kind = "async " if inspect.iscoroutinefunction(method) else ""
            lines += ["```python", f"{kind}def {method_name}{_signature(method)}", "```", ""]
            if method.__doc__:
                lines += [_prose(method.__doc__), ""]
    return lines


def _signature(method: Callable[..., Any]) -> str:
    return re.sub(r"\b(?:\w+\.)+(\w+)", r"\1", str(inspect.signature(method)).replace("'", ""))


def _annotation(hint: Any) -> str:
    text = hint if isinstance(hint, str) else getattr(hint, "__name__", str(hint))
    if not isinstance(hint, str) and getattr(hint, "__args__", None):
        text = str(hint)
    return "`" + re.sub(r"\b(?:\w+\.)+(\w+)", r"\1", text) + "`"


def _table(heads: tuple[str, ...], rows: Iterable[tuple[str, ...]]) -> list[str]:
    body = [
        "| " + " | ".join(" ".join(cell.replace("|", "\\|").split()) for cell in row) + " |"
        for row in rows
    ]
    return ["| " + " | ".join(heads) + " |", "|" + " --- |" * len(heads), *body, ""]


PAGES: dict[str, Callable[[], str]] = {
    "reference/api.md": write_api,
    "reference/events.md": write_events,
    "reference/errors.md": write_errors,
    "reference/commands.md": write_commands,
    "reference/sdk.md": write_sdk,
    "reference/plugin-rules.md": write_plugin_rules,
    "reference/plugin-commands.md": write_plugin_commands,
}

if __name__ == "__main__":
    print(PAGES[sys.argv[1]]())

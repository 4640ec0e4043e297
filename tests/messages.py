"""Finds every sentence the interface can show, and keeps the French catalogue in step with them.

``python -m tests.messages`` adds what is new to the catalogue, for a person to translate, and drops
what is gone. It needs no gettext tools. Besides marked strings it reads the sentences of raised
errors: pages translate those when they show them.
"""

import ast
import re
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import polib
from django.utils.translation.template import templatize

ROOT = Path(__file__).resolve().parents[1]
CATALOGUE = ROOT / "platform/altiplano/web/locale/fr/LC_MESSAGES/django.po"
SENTENCE_PLACES = (
    "platform/altiplano/accounts",
    "platform/altiplano/kernel/naming.py",
    "platform/altiplano/knowledge",
    "platform/altiplano/runs",
    "platform/altiplano/serving",
    "platform/altiplano/studio",
    "plugins/builtin/altiplano_plugins/embedder_",
    "plugins/builtin/altiplano_plugins/index_",
    "plugins/builtin/altiplano_plugins/parser_",
    "plugins/sdk/src/altiplano_sdk/cleaning.py",
    "plugins/sdk/src/altiplano_sdk/pipelines.py",
    "worker/altiplano_worker/adapters/engine",
    "worker/altiplano_worker/adapters/fetch.py",
    "worker/altiplano_worker/adapters/http.py",
    "worker/altiplano_worker/runtime",
    "worker/altiplano_worker/tasks",
)
"""Where errors are raised, and reasons written, that a page shows to a person."""
API_FILES = ("api", "openai", "schemas")
"""Their sentences describe the API, in English."""
MARKERS = {"_", "gettext", "gettext_lazy", "gettext_noop", "pgettext", "ngettext", "ngettext_lazy"}


class Message(NamedTuple):
    """``plural`` is empty for a message without one."""

    singular: str
    plural: str = ""


def all_messages() -> dict[Message, list[str]]:
    """Every message with the files it stands in."""
    found: dict[Message, list[str]] = {}
    for path in _files("platform/altiplano", "*.html", "*.txt"):
        _collect(found, messages_in_template(path.read_text(encoding="utf-8")), path)
    for path in _files("platform/altiplano", "*.py"):
        _collect(found, marked_messages(path.read_text(encoding="utf-8")), path)
    for root in ("platform", "plugins/builtin", "plugins/sdk/src", "worker"):
        for path in _files(root, "*.py"):
            is_shown = path.relative_to(ROOT).as_posix().startswith(SENTENCE_PLACES)
            if is_shown and not path.name.startswith(API_FILES):
                _collect(found, raised_sentences(path.read_text(encoding="utf-8")), path)
    for path in _files("plugins/builtin", "*.py"):
        _collect(found, plugin_words(path.read_text(encoding="utf-8")), path)
    return found


def _files(root: str, *patterns: str) -> list[Path]:
    paths = {path for pattern in patterns for path in (ROOT / root).rglob(pattern)}
    return sorted(path for path in paths if not {"migrations", "demo"} & set(path.parts))


def _collect(found: dict[Message, list[str]], messages: Iterator[Message], path: Path) -> None:
    for message in messages:
        places = found.setdefault(message, [])
        place = path.relative_to(ROOT).as_posix()
        if place not in places:
            places.append(place)


_CALL = re.compile(
    r"\b(?P<name>_|gettext|ngettext)\(u?(?P<first>'(?:[^'\\]|\\.)*'|\"(?:[^\"\\]|\\.)*\")"
    r"(?:,\s*u?(?P<second>'(?:[^'\\]|\\.)*'|\"(?:[^\"\\]|\\.)*\"))?"
)


def messages_in_template(source: str) -> Iterator[Message]:
    """What Django's template tags mark; ``templatize`` turns them into calls of gettext."""
    for call in _CALL.finditer(templatize(source)):
        second = call["second"] if call["name"] == "ngettext" else None
        yield Message(ast.literal_eval(call["first"]), ast.literal_eval(second) if second else "")


def marked_messages(source: str) -> Iterator[Message]:
    """Strings that are given to gettext by one of its usual names."""
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Call) and _name_of(node.func) in MARKERS:
            texts = [each.value for each in node.args if _is_text(each)]
            is_plural = _name_of(node.func).startswith("ngettext") and len(texts) > 1
            if texts:
                yield Message(texts[0], texts[1] if is_plural else "")


def raised_sentences(source: str) -> Iterator[Message]:
    """Every plain string that is a sentence, but for docstrings and descriptions of the API."""
    tree = ast.parse(source)
    skipped = {id(node.value) for node in ast.walk(tree) if isinstance(node, ast.Expr)}
    for node in ast.walk(tree):
        if isinstance(node, ast.keyword) and node.arg in {"description", "summary"}:
            skipped.add(id(node.value))
        elif isinstance(node, ast.JoinedStr):
            skipped.update(id(part) for part in node.values)
        elif isinstance(node, ast.Call) and _name_of(node.func) in MARKERS:
            skipped.update(id(argument) for argument in node.args)
    for node in ast.walk(tree):
        if _is_text(node) and id(node) not in skipped and _is_sentence(node.value):
            yield Message(node.value)


def plugin_words(source: str) -> Iterator[Message]:
    """What a plugin and its settings are called, and what is said about them."""
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.keyword) and node.arg in {"title", "description", "summary"}:
            if _is_text(node.value):
                yield Message(node.value.value)
        elif isinstance(node, ast.Dict):
            for key, value in zip(node.keys, node.values, strict=True):
                if isinstance(value, ast.Dict) and getattr(key, "value", "") == "enum_titles":
                    yield from (Message(each.value) for each in value.values if _is_text(each))


def _name_of(node: ast.expr) -> str:
    return str(getattr(node, "id", getattr(node, "attr", "")))


def _is_text(node: ast.AST) -> bool:
    return isinstance(node, ast.Constant) and isinstance(node.value, str)


def _is_sentence(text: str) -> bool:
    """A sentence for people begins with a capital and ends with a stop; code is in backquotes."""
    return (
        "`" not in text
        and text[:1].isupper()
        and text.rstrip("”").endswith((".", "!", "?"))
        and " " in text
    )


def entries_by_message(catalogue: polib.POFile) -> dict[Message, polib.POEntry]:
    return {
        Message(entry.msgid, entry.msgid_plural): entry for entry in catalogue if not entry.obsolete
    }


def update_catalogue() -> tuple[int, int]:
    """The catalogue holds exactly the messages of the source; returns how many came and went."""
    catalogue = polib.pofile(str(CATALOGUE))
    wanted, known = all_messages(), entries_by_message(catalogue)
    fresh = [message for message in wanted if message not in known]
    gone = [message for message in known if message not in wanted]
    for message in gone:
        catalogue.remove(known[message])
    for message in fresh:
        plurals = {0: "", 1: ""} if message.plural else {}
        entry = polib.POEntry(
            msgid=message.singular, msgid_plural=message.plural, msgstr_plural=plurals
        )
        catalogue.append(entry)
    for message, entry in entries_by_message(catalogue).items():
        entry.occurrences = [(place, "") for place in wanted[message]]
        is_format = re.search(r"%\(\w+\)[sd]", message.singular + message.plural)
        entry.flags = ["python-format"] if is_format else []
    catalogue.sort(key=lambda entry: (entry.occurrences, entry.msgid))
    catalogue.save()
    return len(fresh), len(gone)


if __name__ == "__main__":
    came, went = update_catalogue()
    sys.stdout.write(f"{came} new, {went} gone\n")

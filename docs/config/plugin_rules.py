"""The pages for authors that are written from the code: the rules, and the author's commands."""

import argparse
import os

from altiplano_sdk.cli.main import make_parser
from altiplano_sdk.packaging.findings import Severity
from altiplano_sdk.packaging.rulebook import CHAPTERS, Example, Rule
from altiplano_sdk.testing import rules as promises

_HEAD = """\
# Rules for plugins

What `altiplano-plugin check`, `altiplano-plugin test` and the portal say about a package, by the
code in front of each message. Errors keep a package out; warnings do not. A code never changes its
meaning. The checks help honest authors and reviewers; what holds the others is the sandbox.
"""


def write_plugin_rules() -> str:
    """Every rule with its reason, the way to mend it, and an example of both sides."""
    lines = [_HEAD]
    for title, rules in CHAPTERS.items():
        lines += [f"## {title}", ""]
        for rule in rules:
            lines += _rule(rule)
    lines += ["## Conformance", "", "Found by running the suites of the package's kinds.", ""]
    for promise in sorted(_promises(), key=lambda promise: promise.code):
        lines += [f"### {promise.code}: {promise.title}", "", promise.hint, ""]
    return "\n".join(lines).rstrip() + "\n"


def write_plugin_commands() -> str:
    """What ``altiplano-plugin`` does, as its own help says it."""
    os.environ["COLUMNS"] = "100"
    lines = [
        "# Commands for plugin authors",
        "",
        "`pip install altiplano-sdk` brings `altiplano-plugin`. Every command says at most one",
        "screen, but `dev`, which goes on until Ctrl-C; each mistake is told with file, line,",
        "[rule](plugin-rules.md) and the way to mend it. It ends with 0 when all is well, 1 when",
        "there is something to mend, and 2 for a command line that nobody understands.",
        "The [tutorial](../tutorials/write-a-plugin.md) uses all of them.",
        "",
    ]
    for action in make_parser()._actions:  # noqa: SLF001 - there is no other way to them
        if isinstance(action, argparse._SubParsersAction):  # noqa: SLF001
            for name, parser in action.choices.items():
                lines += [f"## altiplano-plugin {name}", "", "```text"]
                lines += [parser.format_help().rstrip(), "```", ""]
    return "\n".join(lines)


def _promises() -> list[promises.Promise]:
    return [value for value in vars(promises).values() if isinstance(value, promises.Promise)]


def _rule(rule: Rule) -> list[str]:
    warning = rule.severity is Severity.WARNING
    return [
        f"### {rule.code}: {rule.title}",
        "",
        f"{'A warning. ' if warning else ''}{rule.why}",
        "",
        rule.hint,
        "",
        *_example("Not so", rule.bad),
        *_example("But so", rule.good),
    ]


def _example(title: str, example: Example) -> list[str]:
    if example.text is None:
        return [f"{title}: there is no `{example.file}`.", ""]
    text = example.text.rstrip() or "(nothing)"
    return [f"{title}, in `{example.file}`:", "", "```text", text, "```", ""]

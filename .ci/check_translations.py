# ruff: noqa: INP001 - a script, not part of a package
"""Fail when a message of the interface has no French, or one that a person has not confirmed."""

import sys
from pathlib import Path

import polib

ROOT = Path(__file__).resolve().parents[1]


def unfinished_messages(path: Path) -> list[str]:
    """One line per message that is untranslated or marked fuzzy."""
    catalogue = polib.pofile(str(path))
    return [
        f"{path.relative_to(ROOT)}:{entry.linenum}: {state}: {entry.msgid!r}"
        for state, entries in (
            ("untranslated", catalogue.untranslated_entries()),
            ("fuzzy", catalogue.fuzzy_entries()),
        )
        for entry in entries
        if not entry.obsolete
    ]


def main() -> int:
    catalogues = sorted(ROOT.glob("platform/altiplano/*/locale/*/LC_MESSAGES/*.po"))
    complaints = [line for path in catalogues for line in unfinished_messages(path)]
    for line in complaints:
        sys.stdout.write(line + "\n")
    return 1 if complaints else 0


if __name__ == "__main__":
    sys.exit(main())

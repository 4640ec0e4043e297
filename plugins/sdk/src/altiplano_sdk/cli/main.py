"""The command line of ``altiplano-plugin``."""

import argparse
import sys
from collections.abc import Callable, Sequence
from importlib import import_module
from pathlib import Path
from typing import Final

from altiplano_sdk.cli.screen import Screen
from altiplano_sdk.contracts.kinds import StageKind

_HERE: Final = Path()
_INTERRUPTED: Final = 130
# By module and function: `new` must not wait for what `sign` imports.
_COMMANDS: Final = {
    "new": "making",
    "check": "making",
    "test": "making",
    "dev": "trying",
    "pack": "shipping",
    "sign": "shipping",
    "install": "shipping",
}


def main(arguments: Sequence[str] | None = None) -> int:
    """0 when it went well, 1 when there is something to mend, 2 for a command nobody knows.

    130 when Ctrl-C ended it, as shells expect.
    """
    options = make_parser().parse_args(arguments)
    command: Callable[[argparse.Namespace, Screen], int] = getattr(
        import_module(f"altiplano_sdk.cli.{_COMMANDS[options.command]}"), options.command
    )
    screen = Screen()
    try:
        return command(options, screen)
    except KeyboardInterrupt:
        screen.say("\nStopped.")
        return _INTERRUPTED
    finally:
        screen.show()


def make_parser() -> argparse.ArgumentParser:
    """Every command with its options; each help fits one screen."""
    parser = argparse.ArgumentParser(
        prog="altiplano-plugin", description="Make, test and ship plugins for Altiplano."
    )
    commands = parser.add_subparsers(dest="command", required=True, metavar="COMMAND")

    new = commands.add_parser("new", help="a folder with a plugin that works")
    new.add_argument("name", help="lower-case words joined by hyphens, as in glossary-guard")
    kinds = ", ".join(StageKind)
    new.add_argument("--kind", required=True, choices=list(StageKind), metavar="KIND", help=kinds)
    new.add_argument("--author", default="", help="who is named as the author; you, if not said")

    check = commands.add_parser("check", help="what is wrong with it, told without running it")
    check.add_argument("package", nargs="?", type=Path, default=_HERE, help="folder or packed file")
    check.add_argument("--since", type=Path, metavar="FILE", help="the last release, to compare")
    check.add_argument("--explain", metavar="RULE", help="why a rule exists, with an example")

    test = commands.add_parser("test", help="whether it keeps the promises of its kind")
    test.add_argument("folder", nargs="?", type=Path, default=_HERE)
    test.add_argument("--json", action="store_true", help="the report as JSON")

    dev = commands.add_parser("dev", help="run the folder in a draft app; save to send again")
    dev.add_argument("folder", nargs="?", type=Path, default=_HERE)
    _add_platform(dev)
    dev.add_argument("--app", required=True, help="the app's id or the last part of its address")

    pack = commands.add_parser("pack", help="test it and make one file of it")
    pack.add_argument("folder", nargs="?", type=Path, default=_HERE)
    pack.add_argument("--to", type=Path, default=_HERE, help="where the file is put; here")
    pack.add_argument("--python", metavar="3.N", help="the platform's Python, for its wheels")

    sign = commands.add_parser("sign", help="vouch for a packed file")
    sign.add_argument("file", nargs="?", type=Path, help="the newest packed file here, if not said")
    sign.add_argument("--key", default="author", help="the name of the key; author")
    sign.add_argument("--new-key", action="store_true", help="make the key first")

    install = commands.add_parser("install", help="send a signed file to a platform")
    install.add_argument("file", nargs="?", type=Path, help="the newest packed file here")
    _add_platform(install)
    return parser


def _add_platform(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--connect", required=True, metavar="ADDRESS", help="of the platform")
    parser.add_argument(
        "--key", required=True, help="an API key that may write, or @FILE that holds it"
    )


if __name__ == "__main__":
    sys.exit(main())

"""``pack``, ``sign`` and ``install``: from a folder to a release on a platform."""

import argparse
from functools import partial
from pathlib import Path

from altiplano_sdk.cli.client import Platform, PlatformError
from altiplano_sdk.cli.making import show_report, tested
from altiplano_sdk.cli.screen import Screen
from altiplano_sdk.packaging.findings import PackageError
from altiplano_sdk.packaging.keys import (
    KeyFileError,
    create_key,
    format_public_key,
    load_key,
    raw_public_key,
)
from altiplano_sdk.packaging.layout import SUFFIX
from altiplano_sdk.packaging.packing import pack_folder
from altiplano_sdk.packaging.signing import sign_archive
from altiplano_sdk.packaging.vendoring import fetch_wheels


def pack(options: argparse.Namespace, screen: Screen) -> int:
    """The folder as one file, with the report of its tests; nothing when a test fails."""
    report = tested(options.folder, screen)
    if report is None:
        return 1
    if not report.ok:
        show_report(report, screen)
        screen.bad("A release keeps its promises: nothing was packed.")
        return 1
    try:
        fetch = partial(fetch_wheels, python=options.python)
        packed = pack_folder(options.folder, options.to, report=report.to_dict(), fetch=fetch)
    except PackageError as error:
        screen.findings(error.findings)
        screen.bad("Nothing was packed.")
        return 1
    screen.findings(packed.warnings, room=10)
    screen.good(f"{packed.path.name}  {packed.size / 1024:,.1f} KiB, {packed.files} files")
    screen.say(f"  digest  {packed.digest}")
    screen.say(f"  tests   {report.passed} passed")
    names = ", ".join(wheel.partition("-")[0] for wheel in packed.wheels)
    screen.say(f"  wheels  {len(packed.wheels)} ({names})" if names else "  wheels  none")
    screen.say(f"\nNext: altiplano-plugin sign {packed.path}")
    return 0


def sign(options: argparse.Namespace, screen: Screen) -> int:
    """The packed file carries the author's signature; a key is made first where asked for."""
    try:
        if options.new_key:
            key = create_key(options.key)
            screen.good(f"A new key, kept in ~/.config/altiplano/keys/{options.key}.pem.")
            screen.say(
                "Add its public half to your keys in the portal (Plugins, Author keys), once:"
            )
            screen.say(f"  {format_public_key(raw_public_key(key))}")
        else:
            key = load_key(options.key)
        file = options.file or _newest(Path.cwd())
        if file is None:
            if not options.new_key:
                screen.bad(f"There is no {SUFFIX} file here; `altiplano-plugin pack` makes one.")
            return 0 if options.new_key else 1
        result = sign_archive(file, key)
    except KeyFileError as error:
        screen.bad(str(error))
        return 1
    except PackageError as error:
        screen.findings(error.findings)
        screen.bad("Nothing was signed.")
        return 1
    except OSError as error:
        screen.bad(f"{options.file}: {error.strerror}.")
        return 1
    screen.good(f"{file.name} is signed with the key {result.key_id}.")
    screen.say("\nNext: upload it in the portal, or")
    screen.say("  altiplano-plugin install --connect ADDRESS --key API_KEY")
    return 0


def _newest(folder: Path) -> Path | None:
    files = [path for path in folder.glob(f"*{SUFFIX}") if path.is_file()]
    return max(files, key=lambda path: path.stat().st_mtime_ns, default=None)


def install(options: argparse.Namespace, screen: Screen) -> int:
    """The signed file is on the platform and being checked there."""
    file = options.file or _newest(Path.cwd())
    if file is None or not file.is_file():
        screen.bad(f"There is no {SUFFIX} file here; `altiplano-plugin pack` makes one.")
        return 1
    try:
        release = Platform(options.connect, read_key(options.key)).post_release(file)
    except PlatformError as error:
        screen.findings(error.findings, room=20)
        screen.bad(str(error))
        return 1
    screen.good(f"{release.get('package')} {release.get('version')} is on the platform.")
    screen.say("It is being tested in the sandbox; then people look at it.")
    screen.say(f"\nNext: {options.connect.rstrip('/')}{release.get('address', '/plugins/')}")
    return 0


def read_key(said: str) -> str:
    """The API key itself, or the one in the file that ``@FILE`` names.

    Raises PlatformError when there is no such file.
    """
    if not said.startswith("@"):
        return said
    try:
        return Path(said[1:]).expanduser().read_text(encoding="utf-8").strip()
    except OSError as error:
        raise PlatformError(f"The key cannot be read from {said[1:]}.") from error

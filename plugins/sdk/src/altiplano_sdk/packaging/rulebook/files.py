"""ALT3xx: which files a package holds. ALT4xx: the archive they travel in."""

from typing import Final

from altiplano_sdk.packaging.findings import Severity
from altiplano_sdk.packaging.rulebook.rule import Example, Rule

FILE_KIND: Final = Rule(
    "ALT301",
    "Code is Python, data is data",
    "Compiled files cannot be reviewed, and files that Python or a shell runs by themselves "
    "would run unseen.",
    "Leave the file out. Compiled code comes in wheels: name it in requirements.txt.",
    bad=Example("glossary_guard/fast.so", "..."),
    good=Example("glossary_guard/terms.json", '{"photosynthesis": "how plants eat light"}'),
)
FILE_SIZE: Final = Rule(
    "ALT302",
    "Files are of a size that can be looked at",
    "A release is kept for as long as an app is pinned to it.",
    "A file has at most 20 MiB, a Python file 512 KiB, all of them 2 MiB; put models and long "
    "lists into a wheel.",
    bad=Example("glossary_guard/terms.json", "(21 MiB of terms)"),
    good=Example("glossary_guard/terms.json", "(2 MiB of terms)"),
)
FILE_COUNT: Final = Rule(
    "ALT303",
    "A package is a plugin, not a tree",
    "Thousands of files are generated or vendored; vendored ones belong into wheels.",
    "Leave out what the plugin does not read; a package has at most 2,000 files.",
    bad=Example("glossary_guard/terms/", "(3,000 files)"),
    good=Example("glossary_guard/terms.json", "(one file)"),
)
SPECIAL_FILE: Final = Rule(
    "ALT304",
    "Only plain files",
    "A link can point out of the package: to a key on the machine of whoever packs it.",
    "Copy the file into the package.",
    bad=Example("glossary_guard/terms.json", "(a link to /etc/passwd)"),
    good=Example("glossary_guard/terms.json", "{}"),
)
FILE_NAME: Final = Rule(
    "ALT305",
    "File names are plain",
    "Names that differ by case only, or hold signs that some systems do not know, lose a file "
    "where they are unpacked.",
    "Use letters, digits, dot, hyphen and underscore, in names that differ by more than case.",
    bad=Example("glossary_guard/terms?.json", "{}"),
    good=Example("glossary_guard/terms.json", "{}"),
)
SECRET_FILE: Final = Rule(
    "ALT306",
    "No keys in the package",
    "Everybody who installs the plugin can read all its files.",
    "Delete the file, and replace the key if it was ever uploaded.",
    bad=Example("glossary_guard/.env", "API_KEY=..."),
    good=Example("altiplano-plugin.toml", '[grants]\nsecrets = ["API_KEY"]'),
)

_ARCHIVE: Final = "glossary-guard-1.1.0.altiplano"


def _entries(text: str) -> Example:
    return Example(_ARCHIVE, text)


NOT_AN_ARCHIVE: Final = Rule(
    "ALT401",
    "A package is a whole zip file and nothing else",
    "A file that is two things at once is read differently by two programs.",
    "Make the file with `altiplano-plugin pack`.",
    bad=_entries("(any bytes, then a zip file)"),
    good=_entries("(a zip file)"),
)
UNKNOWN_ENTRY: Final = Rule(
    "ALT402",
    "The archive holds known entries only",
    "What no rule knows, no rule has checked.",
    "Make the file with `altiplano-plugin pack`.",
    bad=_entries("setup.py"),
    good=_entries("code/glossary_guard/__init__.py"),
)
ESCAPING_PATH: Final = Rule(
    "ALT403",
    "Paths stay inside",
    "A path with `..` or a leading slash writes where it was not asked to.",
    "Make the file with `altiplano-plugin pack`.",
    bad=_entries("code/glossary_guard/../../../outside.py"),
    good=_entries("code/glossary_guard/inside.py"),
)
SPECIAL_ENTRY: Final = Rule(
    "ALT404",
    "Entries are plain files",
    "Links and devices are doors out of the folder they are unpacked to.",
    "Make the file with `altiplano-plugin pack`.",
    bad=_entries("code/glossary_guard/terms.json -> /etc/passwd"),
    good=_entries("code/glossary_guard/terms.json"),
)
SAME_ENTRY: Final = Rule(
    "ALT405",
    "No two entries have the same name",
    "Which one counts depends on who reads; so could what was reviewed and what runs.",
    "Make the file with `altiplano-plugin pack`.",
    bad=_entries("code/glossary_guard/a.py, code/glossary_guard/A.py"),
    good=_entries("code/glossary_guard/a.py, code/glossary_guard/b.py"),
)
HIDDEN_ENTRY: Final = Rule(
    "ALT406",
    "Entries can be read",
    "What is encrypted cannot be checked.",
    "Make the file with `altiplano-plugin pack`.",
    bad=_entries("code/glossary_guard/terms.py (encrypted)"),
    good=_entries("code/glossary_guard/terms.py (deflated)"),
)
TOO_MUCH: Final = Rule(
    "ALT407",
    "Unpacked, the archive is of sensible size",
    "A few kilobytes can be made to unpack to a full disk.",
    "At most 50 MiB packed and 300 MiB unpacked, 4,000 files of at most 100 MiB, each at most 200 "
    "times its packed size.",
    bad=_entries("code/glossary_guard/zeros.json (100 MiB of nothing)"),
    good=_entries("code/glossary_guard/terms.json (2 MiB)"),
)
MISSING_ENTRY: Final = Rule(
    "ALT408",
    "The archive is complete",
    "Schema, report and list of parts are read without running the plugin.",
    "Make the file with `altiplano-plugin pack`.",
    bad=_entries("(no schemas/guard.json)"),
    good=_entries("schemas/guard.json"),
)
WHEEL_NOT_LOCKED: Final = Rule(
    "ALT409",
    "Vendored wheels are the ones that were locked",
    "The lock is what was reviewed; each wheel is named in it by its SHA-256.",
    "Pack again: `altiplano-plugin pack` writes wheels.lock.",
    bad=_entries("wheels/other-1.0-py3-none-any.whl (not in wheels.lock)"),
    good=_entries("wheels/other-1.0-py3-none-any.whl (in wheels.lock)"),
)
BAD_WHEEL: Final = Rule(
    "ALT410",
    "Vendored wheels can be installed by unpacking",
    "Wheels are unpacked offline; no step of an installation runs.",
    "Vendor a pure wheel (py3-none-any) or a manylinux one that fits the platform's Python.",
    bad=_entries("wheels/other-1.0-cp27-cp27m-win32.whl"),
    good=_entries("wheels/other-1.0-py3-none-any.whl"),
)
SIGNATURE: Final = Rule(
    "ALT411",
    "A signature fits what it signs",
    "A file that was changed after it was signed is not its author's.",
    "Sign again: `altiplano-plugin sign`.",
    bad=_entries("signature.json (of other contents)"),
    good=_entries("signature.json"),
)
NOT_THE_AUTHORS: Final = Rule(
    "ALT412",
    "A release is signed with a key of its author",
    "Who installs it must know that it is yours, and that nobody changed it on its way.",
    "Sign it: `altiplano-plugin sign`, the first time with --new-key; then add the public half to "
    "your keys in the portal.",
    bad=_entries("(no signature.json)"),
    good=_entries("signature.json"),
)

UNPINNED: Final = Rule(
    "ALT601",
    "Requirements are pinned",
    "What was tested is what is packed, today and in a year.",
    "Write NAME==VERSION.",
    bad=Example("requirements.txt", "wordfreq>=3"),
    good=Example("requirements.txt", "wordfreq==3.1.1"),
)
NO_ADDRESSES: Final = Rule(
    "ALT602",
    "Requirements are names",
    "Addresses, folders and options of the installer lead to files that nobody else can get.",
    "Write NAME==VERSION of a released package.",
    bad=Example("requirements.txt", "wordfreq @ https://example.org/wordfreq.zip"),
    good=Example("requirements.txt", "wordfreq==3.1.1"),
)
PROVIDED: Final = Rule(
    "ALT603",
    "What the sandbox brings is not vendored",
    "The SDK and pydantic are there already; a second copy would be another one.",
    "Remove the line.",
    bad=Example("requirements.txt", "pydantic==2.10.0"),
    good=Example("requirements.txt", ""),
    severity=Severity.WARNING,
)
NOT_FETCHED: Final = Rule(
    "ALT604",
    "Requirements come as wheels",
    "Nobody builds anything when a plugin is installed; a source archive would run its own "
    "set-up script.",
    "Pin a version that is released as a wheel for this Python and platform.",
    bad=Example("requirements.txt", "no-such-package-anywhere==1.0"),
    good=Example("requirements.txt", "wordfreq==3.1.1"),
)

FILE_RULES: Final = (FILE_KIND, FILE_SIZE, FILE_COUNT, SPECIAL_FILE, FILE_NAME, SECRET_FILE)
ARCHIVE_RULES: Final = (
    NOT_AN_ARCHIVE,
    UNKNOWN_ENTRY,
    ESCAPING_PATH,
    SPECIAL_ENTRY,
    SAME_ENTRY,
    HIDDEN_ENTRY,
    TOO_MUCH,
    MISSING_ENTRY,
    WHEEL_NOT_LOCKED,
    BAD_WHEEL,
    SIGNATURE,
    NOT_THE_AUTHORS,
)
REQUIREMENT_RULES: Final = (UNPINNED, NO_ADDRESSES, PROVIDED, NOT_FETCHED)

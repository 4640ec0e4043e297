"""Names and bounds: what a folder and an archive hold, and how much."""

import re
from dataclasses import dataclass
from typing import Final

from altiplano_sdk.manifest import MANIFEST_NAME, PackageManifest

SUFFIX: Final = ".altiplano"
README: Final = "README.md"
LICENCE: Final = "LICENSE"
REQUIREMENTS: Final = "requirements.txt"
WHEELS_LOCK: Final = "wheels.lock"
SBOM: Final = "sbom.cdx.json"
REPORT: Final = "report.json"
SIGNATURE: Final = "signature.json"
CODE: Final = "code"
SCHEMAS: Final = "schemas"
WHEELS: Final = "wheels"

TOP_FILES: Final = frozenset({MANIFEST_NAME, README, LICENCE, WHEELS_LOCK, SBOM, REPORT, SIGNATURE})
REQUIRED_FILES: Final = frozenset({MANIFEST_NAME, README, LICENCE, WHEELS_LOCK, SBOM, REPORT})
TOP_FOLDERS: Final = frozenset({CODE, SCHEMAS, WHEELS})

# Compiled, executable, or run by Python itself when it lies on the path.
REFUSED_SUFFIXES: Final = frozenset(
    [
        ".a",
        ".bat",
        ".class",
        ".cmd",
        ".com",
        ".dll",
        ".dylib",
        ".egg",
        ".exe",
        ".jar",
        ".lib",
        ".msi",
        ".node",
        ".o",
        ".pth",
        ".ps1",
        ".pyc",
        ".pyd",
        ".pyo",
        ".pyw",
        ".pyz",
        ".sh",
        ".so",
        ".wasm",
        ".whl",
        ".zip",
        ".tar",
        ".gz",
        ".bz2",
        ".xz",
        ".7z",
        ".rar",
        ".pkl",
        ".pickle",
    ]
)
SECRET_NAMES: Final = re.compile(
    r"^(?:\.env(?:\..*)?|\.netrc|\.npmrc|\.pypirc|id_(?:rsa|dsa|ecdsa|ed25519).*|.*\.(?:pem|key|"
    r"p12|pfx|jks|keystore))$",
    re.IGNORECASE,
)
PLAIN_NAME: Final = re.compile(r"^[A-Za-z0-9_][A-Za-z0-9_.+-]{0,119}")
IGNORED_FOLDERS: Final = frozenset({"__pycache__"})
IGNORED_SUFFIXES: Final = frozenset({".pyc", ".pyo"})
IGNORED_NAMES: Final = frozenset({".DS_Store", "Thumbs.db", "desktop.ini"})


@dataclass(frozen=True, slots=True)
class PackageLimits:
    """Sizes are bytes. ``ratio`` is unpacked by packed size, for entries over ``small``."""

    archive: int = 50 * 1024 * 1024
    unpacked: int = 300 * 1024 * 1024
    entry: int = 100 * 1024 * 1024
    entries: int = 4_000
    ratio: int = 200
    small: int = 1024 * 1024
    path: int = 200
    code_files: int = 2_000
    code_file: int = 20 * 1024 * 1024
    python_file: int = 512 * 1024
    python: int = 2 * 1024 * 1024
    document: int = 4 * 1024 * 1024
    wheels: int = 100


LIMITS: Final = PackageLimits()


def archive_name(manifest: PackageManifest) -> str:
    """``glossary-guard-1.1.0.altiplano``."""
    return f"{manifest.id}-{manifest.version}{SUFFIX}"


def import_package(manifest: PackageManifest) -> str:
    """The package that the first ``entry`` names; all others are in it, or a rule says so."""
    return manifest.provides[0].entry.partition(":")[0].partition(".")[0]

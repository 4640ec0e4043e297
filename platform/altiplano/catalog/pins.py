"""Whoever uses a plugin from outside keeps the exact release and a trace of its settings."""

import hashlib
import json
from collections.abc import Mapping
from typing import Any

from altiplano.catalog.queries import UsableRelease


def pin_of(release: UsableRelease, config: Mapping[str, Any]) -> dict[str, Any]:
    """The release of a package, as it is stored beside what uses it.

    ``config_hash`` tells whether the settings are still what they were when it was pinned.
    """
    return {
        "kind": release.kind,
        "plugin": release.slug,
        "release": str(release.package_release),
        "version": release.version,
        "digest": release.digest,
        "config_hash": config_hash(config),
    }


def config_hash(config: Mapping[str, Any]) -> str:
    """The same for configurations that say the same."""
    canonical = json.dumps(config, sort_keys=True, separators=(",", ":"), ensure_ascii=False)
    return hashlib.sha256(canonical.encode()).hexdigest()

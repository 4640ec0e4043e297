"""A package release as it lies unpacked on this machine."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import altiplano_sdk as sdk


@dataclass(frozen=True, slots=True)
class ReleaseOnDisk:
    """``directory`` holds ``code`` and ``site``; ``schemas`` are the forms of its configurations.

    ``digest`` names the exact content. A ``draft`` runs for its author only, who may read the
    words of its errors in the log.
    """

    digest: str
    directory: Path
    manifest: sdk.PackageManifest
    schemas: Mapping[sdk.StageKind, Mapping[str, Any]] = field(default_factory=dict)
    draft: bool = False

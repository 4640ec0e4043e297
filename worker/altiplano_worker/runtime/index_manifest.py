"""The manifest: the only commit point of an index directory, and the proof of what is in it."""

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import orjson

from altiplano_worker.runtime.crash_points import crash_point
from altiplano_worker.runtime.index_errors import IndexCorruptError
from altiplano_worker.runtime.index_files import FileRecord, replace_file

FORMAT = 1


@dataclass(frozen=True, slots=True)
class IndexManifest:
    """What generation ``generation`` consists of.

    ``owner`` binds the directory to one collection of one organization: a manifest moved to
    another directory does not fit there. ``files`` are paths relative to the generation's
    directory, with ``/``. ``added`` counts the chunks since the last compaction.
    """

    owner: str
    generation: int
    model_id: str
    dimension: int
    engines: tuple[str, ...]
    count: int
    added: int
    files: Mapping[str, FileRecord]


def read_manifest(path: Path) -> IndexManifest:
    """The manifest at ``path``.

    Raises FileNotFoundError, or IndexCorruptError when it is not exactly what was written.
    """
    data = path.read_bytes()
    try:
        body = _checked_body(orjson.loads(data))
        return IndexManifest(
            owner=body["owner"],
            generation=body["generation"],
            model_id=body["model_id"],
            dimension=body["dimension"],
            engines=tuple(body["engines"]),
            count=body["count"],
            added=body["added"],
            files={
                name: FileRecord(size=size, sha256=sha256)
                for name, (size, sha256) in body["files"].items()
            },
        )
    except (ValueError, KeyError, TypeError) as error:
        raise IndexCorruptError("The index's manifest is damaged.") from error


def write_manifest(path: Path, manifest: IndexManifest) -> None:
    """``path`` holds ``manifest``, flushed to disk; a crash leaves the old one or the new."""
    body: dict[str, Any] = {
        "format": FORMAT,
        "owner": manifest.owner,
        "generation": manifest.generation,
        "model_id": manifest.model_id,
        "dimension": manifest.dimension,
        "engines": list(manifest.engines),
        "count": manifest.count,
        "added": manifest.added,
        "files": {name: [file.size, file.sha256] for name, file in manifest.files.items()},
    }
    data = orjson.dumps(
        {"body": body, "sha256": _digest(body)}, option=orjson.OPT_INDENT_2 | orjson.OPT_SORT_KEYS
    )
    crash_point("manifest ready")
    replace_file(path, data)
    crash_point("manifest replaced")


def _checked_body(outer: Any) -> dict[str, Any]:
    body: dict[str, Any] = outer["body"]
    if _digest(body) != outer["sha256"]:
        raise ValueError("the checksum does not fit")
    if body["format"] != FORMAT:
        raise ValueError("written in another format")
    return body


def _digest(body: Mapping[str, Any]) -> str:
    return hashlib.sha256(orjson.dumps(body, option=orjson.OPT_SORT_KEYS)).hexdigest()

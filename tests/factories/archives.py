"""Packages as authors upload them: real files, signed with real keys."""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from altiplano.accounts.principal import Principal
from altiplano.catalog.domain.author_keys import add_key
from altiplano.catalog.package_models import (
    AuthorKey,
)
from altiplano_sdk import MANIFEST_NAME, PackageManifest
from altiplano_sdk.packaging.bill import bill_of_parts
from altiplano_sdk.packaging.keys import format_public_key, raw_public_key
from altiplano_sdk.packaging.signing import sign_archive
from altiplano_sdk.packaging.zip_writing import write_zip
from tests.factories.packages import manifest_of

GUARD = """\"\"\"Explains hard words.\"\"\"

from pydantic import BaseModel, ConfigDict, Field

import altiplano_sdk as sdk


class Guard:
    \"\"\"Adds what hard words mean to an answer.\"\"\"

    points = (sdk.GuardPoint.ANSWER,)

    class Config(BaseModel):
        model_config = ConfigDict(extra="forbid")

        suffix: str = Field(default="(explained)", max_length=80, description="What is added.")

    def __init__(self, config: Config) -> None:
        self._suffix = config.suffix

    async def check(self, request: sdk.GuardRequest, ctx: sdk.Context) -> sdk.GuardVerdict:
        return sdk.GuardVerdict("replace", message=f"{request.answer} {self._suffix}")
"""
SCHEMA = {
    "type": "object",
    "title": "Config",
    "additionalProperties": False,
    "properties": {
        "suffix": {
            "type": "string",
            "title": "Suffix",
            "default": "(explained)",
            "maxLength": 80,
            "description": "What is added.",
        }
    },
}


@dataclass(frozen=True, slots=True)
class Author:
    """Someone who signs for an organization."""

    private: Ed25519PrivateKey = field(default_factory=Ed25519PrivateKey.generate)

    @property
    def public(self) -> str:
        """The line to paste into the portal."""
        return format_public_key(raw_public_key(self.private))

    def known_to(self, principal: Principal, name: str = "Laptop") -> AuthorKey:
        return add_key(principal=principal, name=name, public_key=self.public)


def write_archive(
    folder: Path,
    slug: str = "glossary-guard",
    version: str = "1.0.0",
    *,
    author: Author | None = None,
    code: str = GUARD,
    schema: Mapping[str, Any] = SCHEMA,
    extra: Mapping[str, bytes] | None = None,
    **manifest_changes: Any,
) -> Path:
    """A package of one guard, signed where an author is given."""
    manifest = manifest_of(slug, version, **manifest_changes)
    module = slug.replace("-", "_")
    entries = {
        MANIFEST_NAME: toml_of(manifest).encode(),
        "README.md": f"# {manifest.title}\n\nIt explains hard words.\n".encode(),
        "LICENSE": b"Apache License, Version 2.0\n",
        "wheels.lock": b"",
        "sbom.cdx.json": bill_of_parts(manifest, ()),
        "report.json": b"{}\n",
        "schemas/guard.json": json.dumps(schema).encode(),
        f"code/{module}/__init__.py": code.encode(),
        **(extra or {}),
    }
    path = folder / f"{slug}-{version}.altiplano"
    write_zip(path, entries)
    if author is not None:
        sign_archive(path, author.private)
    return path


def toml_of(manifest: PackageManifest) -> str:
    """The manifest as its author would write it."""
    fields = manifest.model_dump(mode="json")
    tables = {name: fields.pop(name) for name in ("provides", "grants", "config_migrations")}
    lines = [f"{name} = {json.dumps(value)}" for name, value in fields.items()]
    for provided in tables["provides"]:
        lines += ["", "[[provides]]", *_values(provided)]
    lines += ["", "[grants]", *_values(tables["grants"])]
    for step in tables["config_migrations"]:
        simple = {name: step[name] for name in ("to", "kind", "remove")}
        lines += ["", "[[config_migrations]]", *_values(simple)]
        for name in ("rename", "set"):
            lines += [f"[config_migrations.{name}]", *_values(step[name])]
    return "\n".join(lines) + "\n"


def _values(fields: Mapping[str, Any]) -> list[str]:
    return [f"{name} = {json.dumps(value)}" for name, value in fields.items()]

"""A plugin's declared identity, wishes and promises, readable without running the plugin.

A built-in carries a :class:`Manifest` on its class. A plugin from outside carries one
``altiplano-plugin.toml`` for its whole package, a :class:`PackageManifest`; its classes are named
in it and get their :class:`Manifest` from it when they are loaded.
"""

import re
from collections.abc import Mapping
from typing import Annotated, Any, Self

from pydantic import BaseModel, ConfigDict, Field, StringConstraints, model_validator

from altiplano_sdk.contracts.kinds import CONTRACT_VERSION, StageKind

MANIFEST_NAME = "altiplano-plugin.toml"

_ID = r"^[a-z][a-z0-9]*(?:-[a-z0-9]+)*$"
_VERSION = r"^(?:0|[1-9]\d*)\.(?:0|[1-9]\d*)\.(?:0|[1-9]\d*)$"
_ENTRY = r"^[A-Za-z_][A-Za-z0-9_]*(?:\.[A-Za-z_][A-Za-z0-9_]*)*:[A-Za-z_][A-Za-z0-9_]*$"
_HOST = re.compile(r"^(?:\*\.)?(?:[a-z0-9](?:[a-z0-9-]*[a-z0-9])?\.)+[a-z]{2,}$")

Version = Annotated[str, StringConstraints(pattern=_VERSION, max_length=40)]
SecretName = Annotated[str, StringConstraints(pattern=r"^[A-Z][A-Z0-9_]{0,63}$")]


class Grants(BaseModel):
    """What the plugin asks to be allowed. Nothing that is not named here is given."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    network_hosts: tuple[str, ...] = ()
    model_use: bool = False
    embedding_use: bool = False
    index_use: bool = False
    secrets: tuple[str, ...] = ()
    storage_bytes: int = Field(default=0, ge=0)
    memory_bytes: int = Field(default=512 * 1024 * 1024, ge=16 * 1024 * 1024)
    seconds: float = Field(default=60.0, gt=0, le=3600)


class Manifest(BaseModel):
    """Identity of one plugin release.

    ``id`` is unique in a catalogue and never changes between releases; ``contract`` is the
    :data:`~altiplano_sdk.contracts.CONTRACT_VERSION` the plugin was written against.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    id: str = Field(pattern=_ID, max_length=64)
    version: str = Field(pattern=r"^\d+\.\d+\.\d+$")
    kind: StageKind
    contract: int = Field(default=CONTRACT_VERSION, ge=1)
    title: str = Field(max_length=80)
    summary: str = Field(max_length=300)
    author: str = "Altiplano"
    licence: str = "Apache-2.0"
    languages: tuple[str, ...] = ("*",)
    personal_data: bool = False
    grants: Grants = Grants()


class PackageGrants(Grants):
    """Grants of a plugin from outside: the same wishes within tighter bounds.

    Hosts are plain names, or ``*.`` and a name for all below it; never addresses.
    """

    network_hosts: tuple[str, ...] = Field(default=(), max_length=20)
    secrets: tuple[SecretName, ...] = Field(default=(), max_length=20)
    storage_bytes: int = Field(default=0, ge=0, le=100 * 1024 * 1024)
    memory_bytes: int = Field(
        default=256 * 1024 * 1024, ge=64 * 1024 * 1024, le=2 * 1024 * 1024 * 1024
    )
    seconds: float = Field(default=10.0, gt=0, le=600)

    @model_validator(mode="after")
    def _hosts_are_names(self) -> Self:
        for host in self.network_hosts:
            if not _HOST.match(host):
                raise ValueError(f"{host!r} is not the name of a host in lower case")
        return self


class Provided(BaseModel):
    """One class of the package and the stage kind whose Protocol it fulfils."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    kind: StageKind
    entry: str = Field(pattern=_ENTRY, max_length=200)


class ConfigMigration(BaseModel):
    """How stored configurations written before release ``to`` become right for it.

    Declared, not programmed: the portal moves configurations without running the plugin. Applied
    in the order of the manifest: names are renamed, then removed, then missing ones are set.
    The list is append-only from release to release.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    to: Version
    kind: StageKind
    rename: Mapping[str, str] = Field(default_factory=dict)
    remove: tuple[str, ...] = ()
    set: Mapping[str, Any] = Field(default_factory=dict)

    def apply(self, config: Mapping[str, Any]) -> dict[str, Any]:
        """The configuration after this step; ``config`` itself is left as it was."""
        moved = {self.rename.get(name, name): value for name, value in config.items()}
        kept = {name: value for name, value in moved.items() if name not in self.remove}
        return {**self.set, **kept}


class PackageManifest(BaseModel):
    """What ``altiplano-plugin.toml`` says, checked. One package may provide several kinds.

    ``sdk`` is a PEP 440 range of SDK releases. ``personal_data`` says whether the plugin stores or
    sends what may be personal data. ``languages`` are ISO 639-1 codes, or ``*`` for all.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    id: str = Field(pattern=_ID, min_length=3, max_length=64)
    version: Version
    title: str = Field(min_length=1, max_length=80)
    summary: str = Field(min_length=1, max_length=300)
    author: str = Field(min_length=1, max_length=120)
    licence: str = Field(min_length=1, max_length=60)
    languages: tuple[str, ...] = Field(default=("*",), min_length=1, max_length=60)
    personal_data: bool
    contract: int = Field(default=CONTRACT_VERSION, ge=1)
    sdk: str = Field(default=">=0.1,<1", max_length=80)
    provides: tuple[Provided, ...] = Field(min_length=1, max_length=13)
    grants: PackageGrants = PackageGrants()
    config_migrations: tuple[ConfigMigration, ...] = Field(default=(), max_length=200)

    @model_validator(mode="after")
    def _kinds_are_provided_once(self) -> Self:
        kinds = [provided.kind for provided in self.provides]
        if len(set(kinds)) != len(kinds):
            raise ValueError("each kind is provided by one class")
        return self

    def entry_of(self, kind: StageKind) -> str:
        """``module:Class`` for the kind. Raises KeyError for a kind that is not provided."""
        for provided in self.provides:
            if provided.kind == kind:
                return provided.entry
        raise KeyError(kind)

    def for_kind(self, kind: StageKind) -> Manifest:
        """The manifest of one of the provided classes, as a built-in of that kind has it."""
        self.entry_of(kind)
        return Manifest(
            id=self.id,
            version=self.version,
            kind=StageKind(kind),
            contract=self.contract,
            title=self.title,
            summary=self.summary,
            author=self.author,
            licence=self.licence,
            languages=self.languages,
            personal_data=self.personal_data,
            grants=Grants(**self.grants.model_dump()),
        )

    def migrate_config(
        self, kind: StageKind, config: Mapping[str, Any], *, since: str
    ) -> dict[str, Any]:
        """``config`` as stored by release ``since``, in the shape of this release."""
        moved = dict(config)
        for step in self.config_migrations:
            if step.kind == kind and _order(step.to) > _order(since):
                moved = step.apply(moved)
        return moved


def _order(version: str) -> tuple[int, ...]:
    return tuple(int(part) for part in version.split("."))

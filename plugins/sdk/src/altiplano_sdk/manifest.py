"""A plugin's declared identity, wishes and promises, readable without running the plugin."""

from pydantic import BaseModel, ConfigDict, Field

from altiplano_sdk.contracts.kinds import CONTRACT_VERSION, StageKind


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

    id: str = Field(pattern=r"^[a-z][a-z0-9]*(?:-[a-z0-9]+)*$", max_length=64)
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

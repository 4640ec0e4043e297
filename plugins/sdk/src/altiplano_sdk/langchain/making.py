"""What all made plugin classes share: a configuration, and a LangChain object made from it."""

from typing import Any, ClassVar, Generic, TypeVar

from pydantic import BaseModel, ConfigDict

from altiplano_sdk import Manifest

Settings = TypeVar("Settings", bound=BaseModel)


class NoSettings(BaseModel):
    """There is nothing to configure."""

    model_config = ConfigDict(frozen=True, extra="forbid")


class MadePlugin(Generic[Settings]):
    """Base of the made classes. ``manifest`` is set by whoever loads the package."""

    manifest: ClassVar[Manifest]
    Config: ClassVar[type[BaseModel]] = NoSettings

    def __init__(self, config: Settings) -> None:
        self.config = config


def finish_class(made: type[Any], config: type[BaseModel], name: str) -> None:
    """``made`` has its configuration, and carries ``name`` where people see it."""
    made.Config = config
    made.__name__ = made.__qualname__ = name

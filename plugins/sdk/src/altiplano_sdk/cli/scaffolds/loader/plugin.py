"""Brings pages of one site."""

import tempfile
from collections.abc import AsyncIterator, Mapping
from pathlib import Path
from typing import Any

from pydantic import BaseModel, ConfigDict, Field, ValidationError

import altiplano_sdk as sdk


class Reference(BaseModel):
    """What there is to bring."""

    model_config = ConfigDict(extra="forbid", strict=True)

    page: str = Field(pattern=r"^[a-z0-9][a-z0-9-]{0,80}$")


class MyPlugin:
    """Fetches the page that the reference names, as HTML."""

    class Config(BaseModel):
        model_config = ConfigDict(frozen=True, extra="forbid")

        folder: str = Field(
            default="pages",
            pattern=r"^[a-z0-9-]{1,80}$",
            description="The folder of the site in which the pages lie.",
        )

    def __init__(self, config: Config) -> None:
        self.config = config

    async def load(
        self, reference: Mapping[str, Any], ctx: sdk.Context
    ) -> AsyncIterator[sdk.SourceFile]:
        """Your part: yield one file after another; whoever asked removes each."""
        try:
            page = Reference.model_validate(reference).page
        except ValidationError as error:
            raise sdk.PermanentError("The reference names no page.") from error
        if ctx.http is None:
            raise sdk.PermanentError("This plugin may not fetch pages.")
        url = f"https://example.org/{self.config.folder}/{page}"
        response = await ctx.http.request("GET", url)
        if response.status != 200:
            raise sdk.PermanentError(f"The site answers with status {response.status}.")
        with tempfile.NamedTemporaryFile(suffix=".html", delete=False) as file:
            file.write(response.body)
        name = f"{page}.html"
        yield sdk.SourceFile(name, "text/html", Path(file.name), len(response.body))

"""Bases of what the REST API takes in and gives out."""

from pydantic import BaseModel, ConfigDict


class RequestBody(BaseModel):
    """A body whose unknown fields are refused: a misspelt field is an error, not a silent default,
    and no caller writes a column that is not named here.
    """

    model_config = ConfigDict(extra="forbid")


class ResponseBody(BaseModel):
    model_config = ConfigDict(frozen=True)

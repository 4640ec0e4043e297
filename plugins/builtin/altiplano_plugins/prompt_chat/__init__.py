"""Talks with the model alone, without documents."""

from typing import ClassVar

from pydantic import BaseModel, ConfigDict, Field

from altiplano_sdk import (
    ChatMessage,
    Context,
    Manifest,
    PermanentError,
    Prompt,
    PromptRequest,
    PromptResult,
    StageKind,
)
from altiplano_sdk.prompting import as_data, message_tokens, recent_messages


class ChatPromptConfig(BaseModel):
    """Who the assistant is."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    system: str = Field(
        default="You are a helpful, honest assistant. Answer briefly.",
        max_length=8000,
        title="Instructions",
        description="Tells the model who it is and how to answer. May be empty.",
        json_schema_extra={"format": "textarea"},
    )
    history_messages: int = Field(
        default=20,
        ge=0,
        le=100,
        title="Remembered messages",
        description="How many earlier messages of the conversation the model sees at most.",
    )


class ChatPrompt(Prompt):
    """Instructions, what was said before as far as it fits, and the question."""

    manifest: ClassVar[Manifest] = Manifest(
        id="chat",
        version="0.1.0",
        kind=StageKind.PROMPT,
        title="Conversation",
        summary="Sends instructions, the conversation so far and the question to the model.",
    )
    Config = ChatPromptConfig

    def __init__(self, config: ChatPromptConfig) -> None:
        self._config = config

    async def build(self, request: PromptRequest, ctx: Context) -> PromptResult:
        """Old messages go first when there is not enough room.

        Raises PermanentError (``question_too_long``) when the question alone does not fit.
        """
        question = ChatMessage("user", as_data(request.query.text))
        system = as_data(self._config.system)
        head = (ChatMessage("system", system),) if system else ()
        room = request.context_tokens - request.answer_tokens
        room -= sum(map(message_tokens, (*head, question)))
        if room < 0:
            raise PermanentError(
                "The question is longer than the model can read. Ask a shorter one.",
                code="question_too_long",
            )
        wanted = request.query.history[-self._config.history_messages :]
        wanted = wanted if self._config.history_messages else ()
        history = recent_messages(wanted, room=room)
        left_out = sum(message.role != "system" for message in wanted) - len(history)
        trimmed = (
            (f"{left_out} earlier messages were left out to fit the model.",) if left_out else ()
        )
        return PromptResult((*head, *history, question), (), trimmed)

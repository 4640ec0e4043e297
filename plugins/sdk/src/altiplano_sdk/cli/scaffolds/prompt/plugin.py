"""Asks for an answer in one sentence, from numbered passages."""

from pydantic import BaseModel, ConfigDict, Field

import altiplano_sdk as sdk
from altiplano_sdk.prompting import as_data, as_line, message_tokens, recent_messages


class MyPlugin:
    """Rules, as many passages as fit, and the question."""

    class Config(BaseModel):
        model_config = ConfigDict(frozen=True, extra="forbid")

        rules: str = Field(
            default="Answer in one sentence, from the numbered passages only. Write [n] behind "
            "what passage n says. If they do not say, say that.",
            max_length=2000,
            description="What the model is told before the passages.",
        )

    def __init__(self, config: Config) -> None:
        self.config = config

    async def build(self, request: sdk.PromptRequest, ctx: sdk.Context) -> sdk.PromptResult:
        """Your part: say what the model reads. ``as_line`` and ``as_data`` keep texts data."""
        rules = sdk.ChatMessage("system", self.config.rules)
        kept = request.passages
        while True:
            lines = [f"[{n}] {as_line(p.text)}" for n, p in enumerate(kept, start=1)]
            asked = "\n".join([*lines, "", as_data(request.query.text)])
            question = sdk.ChatMessage("user", asked)
            room = request.context_tokens - request.answer_tokens
            room -= message_tokens(rules) + message_tokens(question)
            if room >= 0:
                break
            if not kept:
                raise sdk.PermanentError("The question is too long.", code="question_too_long")
            kept = kept[:-1]
        before = recent_messages(request.query.history, room=room)
        left_out = len(request.passages) + len(request.query.history) - len(kept) - len(before)
        trimmed = (f"{left_out} passages or earlier turns did not fit.",) if left_out else ()
        return sdk.PromptResult((rules, *before, question), kept, trimmed)

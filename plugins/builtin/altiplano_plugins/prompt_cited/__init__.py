"""Asks the model to answer from numbered passages, and from nothing else."""

from typing import ClassVar, Literal

from pydantic import BaseModel, ConfigDict, Field

from altiplano_plugins.prompt_cited.fitting import fit_prompt
from altiplano_plugins.prompt_cited.wording import instruct, question_message
from altiplano_sdk import (
    ChatMessage,
    Context,
    Manifest,
    Prompt,
    PromptRequest,
    PromptResult,
    StageKind,
)
from altiplano_sdk.prompting import as_data, as_line, message_tokens


class CitedPromptConfig(BaseModel):
    """What an owner may say to the model beside the rules of citing."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    instructions: str = Field(
        default="",
        max_length=4000,
        title="Further instructions",
        description="Tone, audience, what to leave out. Comes before the rules of citing.",
        json_schema_extra={"format": "textarea"},
    )
    max_passages: int = Field(
        default=4,
        ge=1,
        le=50,
        title="Passages at most",
        description="How many of the best passages the model reads. Small models do best with few.",
    )
    style: Literal["short", "full"] = Field(
        default="short",
        title="Length of answers",
        description="Short: a sentence or two. Full: as long as the question deserves.",
    )


class CitedPrompt(Prompt):
    """Rules, what was said before, the passages one a line, and the question last.

    Passages and questions are data: control tokens of chat templates are taken out, and a line
    cannot be left from within, so that no document can speak as anyone else.
    """

    manifest: ClassVar[Manifest] = Manifest(
        id="cited",
        version="0.1.0",
        kind=StageKind.PROMPT,
        title="Answer from passages",
        summary="Asks for an answer from numbered passages, in the language of the question.",
    )
    Config = CitedPromptConfig

    def __init__(self, config: CitedPromptConfig) -> None:
        self._config = config

    async def build(self, request: PromptRequest, ctx: Context) -> PromptResult:
        """A prompt that fits; what had to go is told in ``trimmed``.

        Raises PermanentError (``question_too_long``) when the question alone does not fit.
        """
        language = request.query.language
        system = ChatMessage(
            "system",
            instruct(
                as_data(self._config.instructions), style=self._config.style, language=language
            ),
        )
        question = as_data(request.query.text)
        bare = question_message((), question=question)
        fitted = fit_prompt(
            lines=[as_line(p.text) for p in request.passages[: self._config.max_passages]],
            history=request.query.history,
            room=request.context_tokens
            - request.answer_tokens
            - message_tokens(system)
            - message_tokens(bare),
        )
        final = question_message(fitted.lines, question=question)
        return PromptResult(
            (system, *fitted.history, final),
            request.passages[: len(fitted.lines)],
            fitted.trimmed,
        )

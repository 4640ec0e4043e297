"""The prompt: rules, an example for small models, passages as data, and the question."""

from typing import ClassVar, Final, Literal

from pydantic import BaseModel, ConfigDict, Field

from altiplano_plugins.prompt_cited.fitting import fit_prompt
from altiplano_plugins.prompt_cited.focus import (
    choose_sentences,
    rank_sentences,
    read_sentences,
)
from altiplano_plugins.prompt_cited.wording import (
    example,
    instruct,
    instruct_briefly,
    question_message,
)
from altiplano_sdk import (
    ChatMessage,
    Context,
    Grants,
    Manifest,
    Passage,
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
        description="How many of the best passages the model reads.",
    )
    style: Literal["short", "full"] = Field(
        default="short",
        title="Length of answers",
        description="Short: a sentence or two. Full: as long as the question deserves. Models "
        "that read only the nearest sentences always answer briefly.",
        json_schema_extra={"enum_titles": {"short": "Short", "full": "Full"}},
    )
    reading: Literal["auto", "passages", "sentences"] = Field(
        default="auto",
        title="What the model reads",
        description="Whole passages; or only the sentences nearest to the question and an example "
        "of an answer, which small models need. Automatic: sentences for models that hold 4,096 "
        "tokens or fewer.",
        json_schema_extra={
            "enum_titles": {
                "auto": "Automatic",
                "passages": "Whole passages",
                "sentences": "The nearest sentences",
            }
        },
    )
    max_sentences: int = Field(
        default=2,
        ge=1,
        le=20,
        title="Sentences at most",
        description="How many sentences a model reads that reads sentences only.",
    )


SMALL_CONTEXT: Final = 4096
"""Models that hold no more are taken for small ones. From two sentences and an example, one of 135
million parameters answered a third of the questions of XQuAD (English, four passages each)
instead of a fifth, and 7 instead of 2 of 12 about the demonstration's documents."""


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
        grants=Grants(embedding_use=True, seconds=30),
    )
    Config = CitedPromptConfig

    def __init__(self, config: CitedPromptConfig) -> None:
        self._config = config

    async def build(self, request: PromptRequest, ctx: Context) -> PromptResult:
        """A prompt that fits; what had to go is told in ``trimmed``.

        Raises PermanentError (``question_too_long``) when the question alone does not fit.
        """
        query, config = request.query, self._config
        passages = request.passages[: config.max_passages]
        further = as_data(config.instructions)
        notes: tuple[str, ...] = ()
        if self._reads_sentences(request.context_tokens):
            rules = instruct_briefly(further, language=query.language)
            head = (ChatMessage("system", rules), *example(query.language))
            passages, lines, notes = await self._focus(query.text, passages, ctx)
        else:
            rules = instruct(further, style=config.style, language=query.language)
            head = (ChatMessage("system", rules),)
            lines = [as_line(passage.text) for passage in passages]
        question = as_data(query.text)
        fixed = (*head, question_message((), question=question))
        fitted = fit_prompt(
            lines=lines,
            history=query.history,
            room=request.context_tokens
            - request.answer_tokens
            - sum(message_tokens(message) for message in fixed),
        )
        final = question_message(fitted.lines, question=question)
        return PromptResult(
            (*head, *fitted.history, final),
            passages[: len(fitted.lines)],
            (*notes, *fitted.trimmed),
        )

    def _reads_sentences(self, context_tokens: int) -> bool:
        reading = self._config.reading
        return reading == "sentences" or (reading == "auto" and context_tokens <= SMALL_CONTEXT)

    async def _focus(
        self, question: str, passages: tuple[Passage, ...], ctx: Context
    ) -> tuple[tuple[Passage, ...], list[str], tuple[str, ...]]:
        """The passages that hold the nearest sentences, and those sentences as their lines."""
        sentences = read_sentences([passage.text for passage in passages])
        scores = await rank_sentences(question, sentences, ctx.embed)
        chosen = choose_sentences(sentences, scores, count=self._config.max_sentences)
        left_out = len(sentences) > self._config.max_sentences
        return (
            tuple(passages[number] for number in chosen),
            [as_line(text) for text in chosen.values()],
            ("The model read only the sentences nearest to the question.",) if left_out else (),
        )

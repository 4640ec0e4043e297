"""The plugin class."""

from collections.abc import Sequence
from dataclasses import asdict
from typing import ClassVar

from pydantic import BaseModel, ConfigDict, Field

import altiplano_sdk as sdk
from altiplano_plugins.guard_abstention.chances import CHANCES, Chance
from altiplano_plugins.guard_abstention.evidence import Evidence, as_numbers, weigh_evidence


class AbstentionConfig(BaseModel):
    """How sure the guard must be that the documents hold an answer."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    caution: float = Field(
        default=0.5,
        ge=0.0,
        le=1.0,
        title="Caution",
        description="Questions are answered when the passages promise an answer at least this "
        "much. 0 answers always when something was found; towards 1, more questions are refused. "
        "At 0.5 about one answerable question in twenty is refused in English and one in ten in "
        "other languages.",
    )


class AbstentionGuard:
    """Ends a run when the passages found do not promise an answer.

    The chance is a logistic model of a few score features, fitted for the embedding model whose
    scores it reads. Passages in another language than the question are judged by their meaning
    alone, as no words can match. For an embedding model it was not fitted for, the guard refuses
    only what shares not one long word with any passage of its own language.
    """

    manifest: ClassVar[sdk.Manifest] = sdk.Manifest(
        id="abstention",
        version="1.0.0",
        kind=sdk.StageKind.GUARD,
        title="Answer only from evidence",
        summary="Says that the documents do not say when what was found does not promise an "
        "answer.",
        grants=sdk.Grants(embedding_use=True, seconds=10),
    )
    Config: ClassVar[type[BaseModel]] = AbstentionConfig
    points: tuple[sdk.GuardPoint, ...] = (sdk.GuardPoint.EVIDENCE,)

    def __init__(self, config: AbstentionConfig) -> None:
        self._config = config

    async def check(self, request: sdk.GuardRequest, ctx: sdk.Context) -> sdk.GuardVerdict:
        """``abstain`` or ``pass``; ``scores`` holds the chance and what it was made of."""
        if request.point is not sdk.GuardPoint.EVIDENCE:
            return sdk.GuardVerdict()
        if not request.passages:
            return sdk.GuardVerdict(action="abstain", reason="Nothing was found.", scores={})
        model_id = ctx.embed.model_id if ctx.embed is not None else ""
        chance, evidence = judge(request.query, request.passages, model_id=model_id)
        scores = {"chance": round(chance, 4), **asdict(evidence)}
        if chance < self._config.caution:
            return sdk.GuardVerdict(
                action="abstain",
                reason="What was found does not promise an answer.",
                scores=scores,
            )
        return sdk.GuardVerdict(scores=scores)


def judge(
    query: sdk.Query, passages: Sequence[sdk.Passage], *, model_id: str
) -> tuple[float, Evidence]:
    """The chance that ``passages`` hold an answer, and the evidence that it rests on.

    Passages of the question's language and the others are judged apart, and the better chance
    counts: an answer in one language is not made less likely by pages in another.
    """
    language = query.language or passages[0].language
    own = [passage for passage in passages if passage.language == language]
    foreign = [passage for passage in passages if passage.language != language]
    fitted = CHANCES.get(model_id)
    judged = []
    if own:
        evidence = weigh_evidence(query.text, own)
        if fitted is None:
            judged.append((float(evidence.coverage > 0.0), evidence))
        else:
            judged.append((_chance(fitted.get(language, fitted["other"]), evidence), evidence))
    if foreign:
        evidence = weigh_evidence(query.text, foreign)
        chance = 1.0 if fitted is None else _chance(fitted["across"], evidence)
        judged.append((chance, evidence))
    return max(judged, key=lambda pair: pair[0])


def _chance(chance: Chance, evidence: Evidence) -> float:
    return chance.of(as_numbers(evidence))

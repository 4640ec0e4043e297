"""What an app's evaluators said of an answer, for those who build apps.

``runs/_evaluations.html`` with :class:`Evaluations` as ``evaluations`` shows it.
"""

from __future__ import annotations

from dataclasses import dataclass

from altiplano.kernel.reasons import in_my_language
from altiplano.runs.domain.evaluating import evaluators_of
from altiplano.runs.models import Answer, Run, RunState
from altiplano.studio.plugins import plugin_titles


@dataclass(frozen=True, slots=True)
class ShownEvaluation:
    """``scores`` are names and values from 0 to 1; ``problem`` says why there are none.

    ``title`` is empty where nobody knows the plugin any more.
    """

    plugin: str
    title: str
    version: str
    scores: tuple[tuple[str, float], ...]
    explanation: str
    problem: str


@dataclass(frozen=True, slots=True)
class Evaluations:
    """``is_awaited`` as long as evaluators are still to judge the answer."""

    said: tuple[ShownEvaluation, ...] = ()
    is_awaited: bool = False

    def __bool__(self) -> bool:
        return bool(self.said) or self.is_awaited


def evaluations_of(run: Run) -> Evaluations:
    """What was said of the answer of this run, in its pipeline's order; three queries at most."""
    if run.state != RunState.FINISHED or not evaluators_of(run.spec.get("pipeline", {})):
        return Evaluations()
    stored = Answer.objects.filter(run_id=run.id).values_list("evaluations", flat=True).first()
    if not stored:
        return Evaluations(is_awaited=not run.error_code)
    titles = plugin_titles(run.organization_id, {each["plugin"] for each in stored})
    return Evaluations(
        tuple(
            ShownEvaluation(
                plugin=each["plugin"],
                title=titles.get(("evaluator", each["plugin"]), ""),
                version=each["version"],
                scores=tuple(sorted(each["scores"].items())),
                explanation=in_my_language(each["explanation"]),
                problem=in_my_language(each["problem"]),
            )
            for each in stored
        )
    )

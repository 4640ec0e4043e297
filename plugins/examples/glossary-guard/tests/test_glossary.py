import asyncio

import pytest
from glossary_guard import GlossaryConfig, GlossaryGuard

from altiplano_sdk import Context, GuardPoint, GuardRequest, GuardVerdict, Query
from altiplano_sdk.testing.capabilities import StubLog


def check(answer: str, *, language: str = "en", **config: object) -> GuardVerdict:
    guard = GlossaryGuard(GlossaryConfig.model_validate(config))
    request = GuardRequest(GuardPoint.ANSWER, Query("?", language=language), answer=answer)
    return asyncio.run(guard.check(request, Context(log=StubLog())))


def test_hard_words_are_explained_below_the_answer():
    verdict = check("Compost feeds the marsh.")
    assert verdict.action == "replace"
    assert verdict.message.startswith("Compost feeds the marsh.\n\nWords explained:\n- compost: ")
    assert "- marsh: flat, wet land" in verdict.message


@pytest.mark.parametrize("answer", ["The pool opens at nine.", "", "The documents do not say."])
def test_an_easy_answer_passes_as_it_is(answer: str):
    assert check(answer).action == "pass"


def test_french_answers_are_explained_in_french():
    assert (
        "- nichoirs: de petites maisons" in check("Il y a vingt nichoirs.", language="fr").message
    )


def test_own_words_go_before_the_plugin_s_and_count_towards_the_limit():
    verdict = check("Compost feeds the marsh.", own_words={"Compost": "our heap"}, most_words=1)
    assert verdict.message.endswith("Words explained:\n- compost: our heap")

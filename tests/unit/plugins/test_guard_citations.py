import asyncio
import struct

import pytest
from hypothesis import given
from hypothesis import strategies as st

from altiplano_plugins.guard_citations import CitationGuard, CitationGuardConfig
from altiplano_sdk import Context, GuardPoint, GuardRequest, GuardVerdict, Query, VectorBatch
from altiplano_sdk.testing.base import SilentLog
from altiplano_sdk.testing.prompt_suite import make_passage

COMPOST = (
    "Put kitchen waste and leaves in turns. Compost made in a heap is mature after six to twelve "
    "months. It then smells of forest soil and is dark brown."
)
WATER = (
    "The school used 1,240 cubic metres of water in 2023. Taps that drip were repaired in March. "
    "Madame Leroy leads the water group."
)
PASSAGES = (make_passage(1, COMPOST), make_passage(2, WATER))
QUESTION = "How long does compost take to mature?"


def check(answer: str, *passages, question: str = QUESTION, embed=None, **config) -> GuardVerdict:
    request = GuardRequest(
        GuardPoint.ANSWER, Query(question, language="en"), passages or PASSAGES, answer
    )
    guard = CitationGuard(CitationGuardConfig(**config))
    return asyncio.run(guard.check(request, Context(log=SilentLog(), embed=embed)))


def quotes(verdict: GuardVerdict, passages=PASSAGES) -> list[str]:
    return [passages[c.passage].text[c.start : c.end] for c in verdict.citations]


def test_supported_sentence_is_cited_with_the_sentence_that_supports_it():
    verdict = check("Compost is mature after six to twelve months.")
    assert verdict.action == "pass"
    assert quotes(verdict) == ["Compost made in a heap is mature after six to twelve months."]
    assert verdict.scores == {"sentences": 1.0, "supported": 1.0}
    citation = verdict.citations[0]
    assert (citation.passage, citation.answer_start, citation.answer_end) == (0, 0, 45)


def test_number_words_and_digits_are_the_same():
    assert quotes(check("It takes 6 to 12 months to mature."))


def test_each_sentence_is_cited_for_itself():
    answer = "Compost is mature after six to twelve months. The school used 1240 cubic metres."
    verdict = check(answer)
    spans = [answer[c.answer_start : c.answer_end] for c in verdict.citations]
    assert spans == ["Compost is mature after six to twelve months.",
                     "The school used 1240 cubic metres."]  # fmt: skip
    assert [c.passage for c in verdict.citations] == [0, 1]


def test_claim_that_two_sentences_hold_quotes_both():
    verdict = check("Mature compost made in a heap smells of forest soil and is dark brown.")
    assert len(quotes(verdict)) == 2
    assert {c.passage for c in verdict.citations} == {0}


def test_wrong_number_is_not_supported_however_alike_the_rest_is():
    verdict = check("Compost is mature after three months.", on_unsupported="keep")
    assert verdict.citations == ()
    assert verdict.scores["supported"] == 0.0


def test_number_that_counts_something_else_is_no_support():
    """2023 and 1,240 stand in the passages, but not as years of waiting."""
    for answer in ("The answer is: 1240 months.", "It matures in March."):
        assert check(answer, on_unsupported="keep").citations == (), answer
    assert check("The answer is: 1240 months.", on_unsupported="abstain").action == "abstain"


def test_number_of_the_question_may_be_repeated():
    verdict = check("In 2021, Madame Leroy led the water group.", question="Who led it in 2021?")
    assert verdict.citations


def test_repeated_number_finds_no_support_in_what_is_said_of_another_number():
    gate = make_passage(1, "The gate number 17 opens at 17 oclock every day.")
    answer = "The gate number 7 opens at 7 oclock every day."
    verdict = check(answer, gate, question="When does gate number 7 open?")
    assert not verdict.citations
    assert verdict.action == "abstain"


def test_true_mark_is_kept():
    answer = "Compost is mature after six to twelve months [1]."
    verdict = check(answer)
    assert verdict.action == "pass"
    assert [c.passage for c in verdict.citations] == [0]


def test_mark_behind_the_full_stop_belongs_to_the_sentence_before():
    verdict = check("Compost is mature after six to twelve months. [1] Taps were repaired. [2]")
    assert verdict.action == "pass"
    assert [c.passage for c in verdict.citations] == [0, 1]


@pytest.mark.parametrize("mark", ["[7]", "[0]", "[2]", "[ 99 ]", "[1, 7]"])
def test_mark_that_names_no_support_is_taken_out(mark):
    verdict = check(f"Compost is mature after six to twelve months {mark}. It is dark brown.")
    assert verdict.action == "replace"
    assert verdict.message == "Compost is mature after six to twelve months. It is dark brown."
    spans = [verdict.message[c.answer_start : c.answer_end] for c in verdict.citations]
    assert spans == ["Compost is mature after six to twelve months.", "It is dark brown."]


def test_mark_weighs_for_a_passage_that_says_it_less_clearly():
    words = "The group around Leroy saves water."
    assert not check(words, threshold=0.9, on_unsupported="keep").citations
    assert check(f"{words} [2]", threshold=0.9, on_unsupported="keep").citations


def test_without_passages_every_mark_goes():
    request = GuardRequest(GuardPoint.ANSWER, Query("?"), (), "It is so [1].")
    verdict = asyncio.run(
        CitationGuard(CitationGuardConfig()).check(request, Context(log=SilentLog()))
    )
    assert (verdict.action, verdict.message) == ("replace", "It is so.")


def test_invention_is_stopped():
    verdict = check("The headmaster Peter Holt planted 47 oaks.", on_unsupported="abstain")
    assert verdict.action == "abstain"
    assert verdict.scores["unknown"] >= 3


def test_invention_can_be_kept_without_citations():
    verdict = check("The headmaster Peter Holt planted 47 oaks.", on_unsupported="keep")
    assert (verdict.action, verdict.citations) == ("pass", ())


def test_unsupported_small_talk_is_no_invention():
    verdict = check("That depends on many things around you.", on_unsupported="abstain")
    assert verdict.action == "pass"


def test_one_supported_sentence_saves_the_answer_and_the_other_has_no_citation():
    verdict = check("Compost is mature after six to twelve months. Peter Holt said so in 1987.")
    assert verdict.action == "pass"
    assert len(verdict.citations) == 1
    assert verdict.scores["supported"] == 0.5


@pytest.mark.parametrize("answer", ["The documents do not say.", "Je ne sais pas."])
def test_abstention_is_left_alone(answer):
    verdict = check(answer)
    assert (verdict.action, verdict.citations) == ("pass", ())


@pytest.mark.parametrize("answer", ["", "   ", "Yes.", "[1]", "...", "\n\n"])
def test_answer_without_claims_is_left_alone_or_cleaned(answer):
    verdict = check(answer, on_unsupported="abstain")
    assert verdict.action in {"pass", "replace"}
    assert verdict.citations == ()


def test_list_numbers_are_no_facts():
    verdict = check("1. Compost is mature after six to twelve months.\n2. It is dark brown.")
    assert verdict.scores["supported"] == 1.0


class Translator:
    """An embedder that knows which of two languages' sentences mean the same."""

    model_id = "translator"
    dimension = 2

    def __init__(self) -> None:
        self.asked: list[str] = []

    async def embed_passages(self, texts):
        self.asked = list(texts)
        rows = [(1.0, 0.0) if "mûr" in t or "mature" in t else (0.0, 1.0) for t in texts]
        data = b"".join(struct.pack("<2f", *row) for row in rows)
        return VectorBatch(2, len(rows), data)


FRENCH = "Le tas est mûr au bout de six à douze mois."


def test_other_language_is_supported_by_meaning():
    verdict = check(FRENCH, embed=Translator())
    assert quotes(verdict) == ["Compost made in a heap is mature after six to twelve months."]


def test_meaning_does_not_excuse_a_wrong_number():
    verdict = check(
        "Le tas est mûr au bout de trois mois.", embed=Translator(), on_unsupported="keep"
    )
    assert verdict.citations == ()


def test_meaning_is_not_asked_when_words_decide_or_it_is_off():
    embed = Translator()
    check("Compost is mature after six to twelve months.", embed=embed)
    check(FRENCH, embed=embed, by_meaning=False)
    assert embed.asked == []


def test_without_an_embedder_words_alone_decide():
    french = "Le tas qui a mûri est d'une couleur sombre."
    assert check(french, on_unsupported="keep").citations == ()
    assert check(french, embed=Translator()).citations


TEXT = st.text(
    st.sampled_from(list("abcDE 019.,!?[]\n'é漢字-")) | st.characters(exclude_categories=["Cs"]),
    max_size=120,
)


@given(answer=TEXT, texts=st.lists(TEXT.filter(str.strip), max_size=3))
def test_citations_always_point_at_text_in_answer_and_passage(answer, texts):
    passages = tuple(make_passage(n, text) for n, text in enumerate(texts, start=1))
    request = GuardRequest(GuardPoint.ANSWER, Query("What is it?"), passages, answer)
    verdict = asyncio.run(
        CitationGuard(CitationGuardConfig()).check(request, Context(log=SilentLog()))
    )
    final = verdict.message if verdict.action == "replace" else answer
    for citation in verdict.citations:
        quote = passages[citation.passage].text[citation.start : citation.end]
        assert quote.strip() == quote != ""
        assert 0 <= citation.answer_start < citation.answer_end <= len(final)


@given(st.lists(TEXT, min_size=1, max_size=3))
def test_sentence_copied_from_a_passage_is_supported_by_it(texts):
    from altiplano_plugins.guard_citations.support import Evidence, read_units
    from altiplano_plugins.guard_citations.words import read_words

    passages = tuple(make_passage(n, text) for n, text in enumerate(texts, start=1))
    evidence = Evidence(passages, question="")
    for number, passage in enumerate(passages):
        for unit in read_units(number, passage):
            words = tuple(read_words(passage.text[unit.start : unit.end]))
            assert evidence.best_support(words).score == pytest.approx(1.0)

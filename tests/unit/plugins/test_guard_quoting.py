"""What the citation check says in place of an answer that rests on nothing."""

import asyncio
import struct

import pytest
from hypothesis import given
from hypothesis import strategies as st

from altiplano_plugins.guard_citations import CitationGuard, CitationGuardConfig
from altiplano_sdk import (
    Context,
    GuardPoint,
    GuardRequest,
    GuardVerdict,
    Query,
    VectorBatch,
    is_abstention,
)
from altiplano_sdk.testing.base import SilentLog
from altiplano_sdk.testing.prompt_suite import make_passage

LEAK = "A tap that drips once a second loses about 20 litres a day, or 7,300 litres a year."
TAPS = f"What a dripping tap wastes\n\n{LEAK} A toilet that runs loses up to 200 litres a day."
HARVEST = "The harvest party\n\n- Harvest: the party is on the last Friday of September.\n- Soup."
PASSAGES = (make_passage(1, TAPS), make_passage(2, HARVEST))
GARBLED = "Peter Holt wastes 47 taps."
ASKED = "How many litres a day does a tap lose?"


def check(
    answer: str = GARBLED,
    *,
    question: str = ASKED,
    language: str | None = "en",
    passages=PASSAGES,
    embed=None,
    **config,
) -> GuardVerdict:
    request = GuardRequest(GuardPoint.ANSWER, Query(question, language=language), passages, answer)
    guard = CitationGuard(CitationGuardConfig(**config))
    return asyncio.run(guard.check(request, Context(log=SilentLog(), embed=embed)))


def quoted(verdict: GuardVerdict, passages=PASSAGES) -> str:
    """The quotation, after citation and answer were checked to hold the same words."""
    assert verdict.action == "replace"
    (citation,) = verdict.citations
    quote = passages[citation.passage].text[citation.start : citation.end]
    assert verdict.message[citation.answer_start : citation.answer_end].strip("“”«»„\xa0") == quote
    assert citation.answer_end == len(verdict.message)
    return quote


class Meaning:
    """An embedder for which a text means a leak (the first axis) as much as it is told."""

    model_id = "meaning"
    dimension = 2

    def __init__(self, **closeness: float) -> None:
        self.closeness = closeness
        self.asked: list[str] = []

    async def embed_query(self, text):
        return VectorBatch(2, 1, struct.pack("<2f", 1.0, 0.0))

    async def embed_passages(self, texts):
        self.asked = list(texts)
        scores = [
            next((score for word, score in self.closeness.items() if word in text), 0.0)
            for text in texts
        ]
        rows = [struct.pack("<2f", score, (1 - score * score) ** 0.5) for score in scores]
        return VectorBatch(2, len(rows), b"".join(rows))


def test_unsupported_answer_gives_way_to_the_sentence_that_answers():
    verdict = check()
    assert quoted(verdict) == LEAK
    assert verdict.message == f"The documents say: “{LEAK}”"
    assert "replaced" in verdict.reason
    assert verdict.scores is not None
    assert verdict.scores["supported"] == 0.0
    assert verdict.scores["quoted"] >= 0.5


def test_supported_answer_is_left_as_the_model_said_it():
    verdict = check("A tap that drips loses 20 litres a day.")
    assert (verdict.action, len(verdict.citations)) == ("pass", 1)


def test_answer_without_an_invented_fact_gives_way_too():
    assert quoted(check("Pipes are made of pipe and made for pipes.")) == LEAK


@pytest.mark.parametrize(
    ("language", "beginning"),
    [
        ("en", "The documents say: “A tap"),
        ("fr", "Les documents disent\xa0: «\xa0A tap"),
        ("fr-CA", "Les documents disent\xa0: «\xa0A tap"),
        ("es", "Los documentos dicen: «A tap"),
        ("de", "In den Dokumenten steht: „A tap"),
        ("it", "I documenti dicono: «A tap"),
        ("pt", "Os documentos dizem: “A tap"),
        ("nl", "In de documenten staat: “A tap"),
        ("fi", "The documents say: “A tap"),
        (None, "The documents say: “A tap"),
    ],
)
def test_quotation_is_named_as_one_in_the_language_of_the_question(language, beginning):
    verdict = check(language=language)
    assert verdict.message.startswith(beginning)
    assert quoted(verdict) == LEAK


@pytest.mark.parametrize("language", ["en", "fr", "es", "de", "it", "pt", "nl"])
@pytest.mark.parametrize(
    "sentence",
    [
        "L'eau de pluie n'est pas potable au robinet du jardin.",
        "Rainwater does not provide enough for the garden tap.",
        "No se bebe el agua de lluvia del jardín.",
        "Das Regenwasser im Garten ist nicht zum Trinken.",
    ],
)
def test_quoted_negation_is_no_abstention(language, sentence):
    verdict = check(
        question=sentence.rstrip("."), language=language, passages=(make_passage(1, sentence),)
    )
    assert verdict.action == "replace"
    assert not is_abstention(verdict.message)


@pytest.mark.parametrize(
    ("question", "echo"),
    [
        (ASKED, "The tap loses a litre a day [1]."),
        ("When is the harvest party?", "The party is the harvest party."),
        ("Quand est la party Harvest ?", "La harvest party est la party."),
        ("Does a tap that drips lose litres?", "Does a tap that drips lose litres?"),
    ],
)
def test_answer_that_only_repeats_the_question_gives_way(question, echo):
    verdict = check(echo, question=question)
    assert quoted(verdict)
    assert verdict.reason.startswith("The model's answer only repeats the question.")


@pytest.mark.parametrize(
    ("question", "answer"),
    [
        ("Does a tap that drips lose litres?", "A tap that drips loses litres."),
        ("What drips, a tap or a toilet?", "A tap drips."),
        ("Qui perd, tap ou toilet ?", "Toilet."),
    ],
)
def test_question_of_yes_or_no_or_a_choice_may_be_answered_in_its_own_words(question, answer):
    assert check(answer, question=question).action == "pass"


def test_echo_stays_where_nothing_can_be_quoted():
    verdict = check("A toilet.", question="What is a toilet?")
    assert verdict.action == "pass"


def test_question_that_no_sentence_covers_is_refused_as_before():
    assert check(question="Who was the first headmaster of the school?").action == "abstain"
    one_word = check(question="What is a tap?")
    assert one_word.action == "abstain", "one shared word says too little"


def test_headline_is_not_quoted_though_it_repeats_the_question():
    verdict = check(question="When is the harvest party?")
    assert quoted(verdict) == "Harvest: the party is on the last Friday of September."


def test_passage_without_the_number_of_the_question_is_not_quoted():
    assert check(question="How many litres a day did a tap lose in 1998?").action == "abstain"


def test_meaning_finds_what_words_do_not():
    embed = Meaning(drips=0.95, toilet=0.5)
    french = "Combien d'eau un robinet qui goutte perd-il ?"
    verdict = check(question=french, language="fr", embed=embed)
    assert quoted(verdict) == LEAK
    assert check(question=french, language="fr").action == "abstain"
    assert check(question=french, embed=embed, by_meaning=False).action == "abstain"


def test_meaning_that_is_not_close_enough_is_not_quoted():
    assert check(question="Qui dirige ?", embed=Meaning(drips=0.89)).action == "abstain"
    assert quoted(check(question="Qui dirige ?", embed=Meaning(drips=0.91))) == LEAK
    near = check(question="Qui dirige ?", embed=Meaning(drips=0.91), quote_closeness=0.95)
    assert near.action == "abstain"


def test_shared_words_decide_between_what_is_alike_in_meaning():
    assert quoted(check(embed=Meaning(drips=0.9, toilet=0.9))) == LEAK


def test_quoting_and_abstaining_can_be_switched_off():
    assert check(on_unsupported="abstain").action == "abstain"
    kept = check(on_unsupported="keep")
    assert (kept.action, kept.citations) == ("pass", ())


def test_models_own_refusal_is_not_overruled():
    assert check("The documents do not say.").action == "pass"


TEXT = st.text(
    st.sampled_from(list("abcDE 019.,!?[]\n'é漢字-|")) | st.characters(exclude_categories=["Cs"]),
    max_size=120,
)


@given(question=TEXT, texts=st.lists(TEXT.filter(str.strip), max_size=3))
def test_quotation_is_always_the_passages_own_text(question, texts):
    passages = tuple(make_passage(n, text) for n, text in enumerate(texts, start=1))
    verdict = check("Zzyzx 987654.", question=question, passages=passages, quote_coverage=0.01)
    if verdict.citations:
        (citation,) = verdict.citations
        quote = passages[citation.passage].text[citation.start : citation.end]
        assert quote.strip() == quote != ""
        assert quote in verdict.message[citation.answer_start : citation.answer_end]

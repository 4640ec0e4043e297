"""The figures about answers, by examples worked out by hand, and the choice of what is asked."""

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

import altiplano_sdk as sdk
from altiplano.studio.pipeline_templates import CITED_ANSWER as TEMPLATE
from altiplano_sdk.events import CitationAdded
from altiplano_worker.runtime.outcome import RunOutcome
from tests.bench import answers, quality
from tests.bench.answer_scoring import Reply, holds_answer, normalise, score_answers
from tests.bench.datasets import DataSet, Question, Text

REFUSAL = "The documents do not say."


@pytest.mark.parametrize(
    ("text", "language", "words"),
    [
        ("The Eiffel-Tower, in a word!", "en", "eiffeltower in word"),
        ("A U.S.A. story, A-ha", "en", "usa story aha"),
        ("$1.5 million", "en", "15 million"),
        ("It opened in 1889 [1], or so [2, 3].", "en", "it opened in 1889 or so"),
        ("L\u2019Ouganda et l'Afrique du Sud", "fr", "ouganda et afrique sud"),
        ("« la perle »\u00a0?", "fr", "perle"),
        ("La casa", "es", "la casa"),
        ("e\u0301te\u0301", "fr", "été"),
        ("The", "en", ""),
        ("", "en", ""),
    ],
)
def test_texts_are_compared_without_case_articles_and_punctuation(text, language, words):
    assert normalise(text, language) == words


@given(st.text(), st.sampled_from(["en", "fr", "de"]))
def test_a_text_holds_every_answer_that_it_is(text, language):
    reply = Reply(text, abstained=False, gold=(text,), language=language)
    assert holds_answer(text, reply) is bool(normalise(text, language))


@pytest.mark.parametrize(
    ("text", "held"),
    [
        ("They gave up 308 points.", True),
        ("They gave up three hundred.", True),
        ("They gave up 1308 points.", False),
        ("A hundred and three [308]", False),
        ("", False),
    ],
)
def test_an_answer_is_held_as_whole_words(text, held):
    assert holds_answer(text, Reply("", abstained=False, gold=("308", "Three hundred"))) is held


def test_the_figures_are_shares_of_what_their_names_say():
    answerable = [
        # Right, with one citation that proves it and one that does not.
        Reply("In 1889 [1].", abstained=False, quotes=("Opened in 1889.", "Tall."), gold=("1889",)),
        # Wrong, though the citation would have been right.
        Reply("In 1989.", abstained=False, quotes=("It closed in 1990.",), gold=("1990",)),
        # Right without any citation.
        Reply("The tower.", abstained=False, gold=("a tower",)),
        # Refused; that the refusal happens to hold the words counts for nothing.
        Reply(REFUSAL, abstained=True, gold=("documents",)),
    ]
    unanswerable = [
        Reply(REFUSAL, abstained=True),
        Reply("In 1889.", abstained=False, quotes=("Opened in 1889.",)),
        Reply(REFUSAL, abstained=True),
    ]
    assert score_answers(answerable, unanswerable) == {
        "answerable": 4,
        "unanswerable": 3,
        "citations": 3,
        "answer_contained": 0.5,  # 2 of 4
        "citation_precision": 0.6667,  # 2 of 3
        "citation_recall": 0.6667,  # 2 of the 3 that were not refused
        "abstain_on_answerable": 0.25,  # 1 of 4
        "abstain_on_unanswerable": 0.6667,  # 2 of 3
    }


def test_a_share_of_nothing_is_nothing():
    nothing = score_answers([], [])
    assert set(nothing.values()) == {0}
    refused = score_answers([Reply(REFUSAL, abstained=True, gold=("yes",))], [])
    assert refused["abstain_on_answerable"] == 1.0
    assert refused["citation_precision"] == refused["citation_recall"] == 0.0


def make_set(*, unanswerable=()):
    """Two articles of two passages each, one question about each passage."""
    texts = tuple(
        Text(f"s-en-{article:03}-{place:03}", "text", "en", f"s-en-{article:03}")
        for article in range(2)
        for place in range(2)
    )
    questions = tuple(Question(f"q{at}", f"Q{at}?", "en", ("yes",)) for at in range(4))
    judgements = {each.id: {text.id: 1} for each, text in zip(questions, texts, strict=True)}
    return DataSet("s", texts, questions, judgements, unanswerable)


def test_samples_are_the_same_each_time_and_grow():
    questions = make_set().questions
    assert answers.choose_sample(questions, 3)[:2] == answers.choose_sample(questions, 2)
    assert set(answers.choose_sample(questions, 99)) == set(questions)
    assert answers.choose_sample(questions, 0) == ()


def test_without_unanswerable_questions_articles_are_left_out():
    data = make_set()
    askings = answers.choose_unanswerable(data, data.questions[1:3], 2)
    assert [asking.hidden for asking in askings] == [{1, 2}, {3, 4}]
    assert [asking.question.id for asking in askings] == ["q1", "q2"]
    assert all(asking.question.answers == () for asking in askings)


def test_a_sets_own_unanswerable_questions_come_first():
    trick = Question("t", "T?", "en")
    data = make_set(unanswerable=(trick,))
    assert answers.choose_unanswerable(data, data.questions, 4) == (answers.Asking(trick),)


def test_a_set_in_many_languages_is_asked_in_one():
    data = replace(make_set(), name="xquad")
    foreign = replace(
        data,
        texts=(*data.texts, Text("s-es-000-000", "texto", "es", "s-es-000")),
        questions=(*data.questions, Question("q9", "¿Q?", "es", ("sí",))),
    )
    assert answers.in_one_language(foreign) == data
    assert answers.in_one_language(replace(foreign, name="other")).questions == foreign.questions


def outcome(**changes):
    citation = CitationAdded(
        seq=1, n=1, chunk_id=1, document_id="d", document_name="d", page=1, start=0, end=3,
        quote="yes", answer_start=0, answer_end=3,
    )  # fmt: skip
    finished = RunOutcome(
        state="finished", answer="Yes.", abstained=False, replaced=False, passages=(),
        citations=(citation,), usage=sdk.Usage(1, 1), usage_known=True, timings={}, next_seq=2,
    )  # fmt: skip
    return replace(finished, **changes)


def test_an_outcome_is_judged_by_its_answer_and_quotes():
    question = make_set().questions[0]
    assert answers.as_reply(question, outcome()) == Reply(
        "Yes.", abstained=False, quotes=("yes",), gold=("yes",), language="en"
    )


@pytest.mark.parametrize(
    "changes", [{"state": "failed", "code": "engine_failed"}, {"state": "cancelled"}]
)
def test_a_run_that_did_not_finish_is_no_figure(changes):
    with pytest.raises(RuntimeError, match=r"q0: (engine_failed|cancelled)"):
        answers.as_reply(make_set().questions[0], outcome(**changes))


def test_the_pipeline_asked_is_the_studios():
    asked = [
        (stage.kind.value, stage.plugin, stage.config) for stage in answers.CITED_ANSWER.stages
    ]
    assert asked == [(stage.kind, stage.plugin, stage.config) for stage in TEMPLATE.stages]


@pytest.fixture
def measured(monkeypatch):
    """The quality benchmark over one question set and one of judged documents, not measured."""
    plain = replace(
        make_set(), name="cisi", questions=(Question("q0", "Q?", "en"),), judgements={"q0": {}}
    )
    sets = {"cisi": plain, "piaf_fr": replace(make_set(), name="piaf_fr")}
    asked = []

    def measure_answers(data, embedder, *, sample):
        asked.append((data.name, sample))
        return score_answers([], [])

    monkeypatch.setattr(quality, "CachedEmbedder", lambda directory: None)
    monkeypatch.setattr(quality, "load_set", sets.__getitem__)
    monkeypatch.setattr(
        quality, "measure_set", lambda *_, **__: {mode: {"ndcg10": 0.5} for mode in quality.MODES}
    )
    monkeypatch.setattr(quality, "measure_answers", measure_answers)
    return asked


def test_only_question_sets_have_figures_of_answers(measured, tmp_path):
    figures = quality.run(["--sets", "cisi", "piaf_fr", "--cache", str(tmp_path)])
    assert set(figures["cisi"]) == set(quality.MODES)
    assert set(figures["piaf_fr"]) == set(quality.MODES) | {
        "answerable", "unanswerable", "citations", "answer_contained", "citation_precision",
        "citation_recall", "abstain_on_answerable", "abstain_on_unanswerable",
    }  # fmt: skip
    assert measured == [("piaf_fr", quality.ANSWERS)]


def test_the_sample_is_an_option_and_zero_asks_nothing(measured, tmp_path):
    arguments = ["--sets", "piaf_fr", "--cache", str(tmp_path), "--answers"]
    quality.run([*arguments, "7"])
    assert set(quality.run([*arguments, "0"])["piaf_fr"]) == set(quality.MODES)
    assert measured == [("piaf_fr", 7)]

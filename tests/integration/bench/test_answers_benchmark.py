"""The answers' benchmark over a set of two articles, with the real engine, index and plugins."""

from tests.bench.answers import measure_answers
from tests.bench.collection import CachedEmbedder
from tests.bench.datasets import DataSet, Question, Text

COMPOST = (
    "Compost in a heap is mature after six to twelve months. Keep the heap damp and turn it once "
    "a month. Mature compost smells of forest soil and no longer shows what it was made of."
)
LIBRARY = (
    "The school library lends books for twenty-one days. Whoever returns a book late reads a poem "
    "aloud to the librarian. The library opens at nine in the morning from Monday to Thursday."
)

SMALL = DataSet(
    name="small",
    texts=(
        Text("small-000-000", COMPOST, "en", "small-000"),
        Text("small-001-000", LIBRARY, "en", "small-001"),
    ),
    questions=(
        Question("q0", "When is compost in a heap mature?", "en", ("six to twelve months",)),
        Question("q1", "When does the school library open?", "en", ("nine", "9")),
    ),
    judgements={"q0": {"small-000-000": 1}, "q1": {"small-001-000": 1}},
)


def test_every_question_is_asked_with_and_without_its_article(tmp_path):
    figures = measure_answers(SMALL, CachedEmbedder(tmp_path), sample=2)
    assert (figures["answerable"], figures["unanswerable"]) == (2, 2)
    assert figures["abstain_on_answerable"] == 0.0
    assert figures["abstain_on_unanswerable"] == 1.0
    assert figures["citations"] >= 1
    assert figures["answer_contained"] >= 0.5, "a passage of three sentences says it word for word"
    assert figures["citation_precision"] >= 0.5

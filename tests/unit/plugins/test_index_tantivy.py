"""What counts as the same word, and which words of a question are looked for."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from altiplano_plugins.index_tantivy import TantivyConfig, TantivyIndex
from altiplano_plugins.index_tantivy.analysis import analyze_question, analyze_text
from altiplano_plugins.index_tantivy.languages import OTHER, STEMMED, analyzer_key, split_unspaced
from altiplano_sdk import IndexBatch, IndexQuery, VectorBatch


@pytest.fixture
def find(tmp_path):
    """Indexes ``texts`` as (language, text) and returns the ids found for a question."""

    def run(texts, question, k=10, **config):
        plugin = TantivyIndex(TantivyConfig(**config))
        target = tmp_path / "index"
        target.mkdir()
        ids = tuple(range(1, len(texts) + 1))
        languages, bodies = zip(*texts, strict=True)
        empty = VectorBatch(1, len(ids), b"\0" * 4 * len(ids))
        plugin.extend(None, target, IndexBatch(ids, bodies, languages, empty))
        return [hit.chunk_id for hit in plugin.open(target).search(IndexQuery(question, None, k))]

    return run


@pytest.mark.parametrize(
    ("language", "text", "question"),
    [
        ("en", "The seedlings were watered daily.", "watering a seedling"),
        ("fr", "Les élèves mangeaient à la cantine.", "l'élève mange"),
        ("fr", "L'école récupère l'eau de pluie.", "ecole recuperer"),
        ("de", "Die Kinder pflanzten Bäume.", "Baum pflanzen"),
        ("es", "Los niños plantaron árboles.", "árbol plantado"),
        ("ru", "Школьники собирают книги.", "книга"),
        ("zh", "我们在学校种菜", "学校"),
        ("ja", "日本語の図書館です", "図書館"),
        ("xx", "Straße und Café", "cafe"),
    ],
)
def test_forms_of_a_word_match(find, language, text, question):
    assert find([(language, text), ("en", "unrelated page")], question) == [1]


def test_a_question_finds_names_in_any_language(find):
    texts = [("en", "Anna Lindqvist runs the garden."), ("fr", "Anna Lindqvist dirige le jardin.")]
    assert set(find(texts, "Who is Lindqvist?")) == {1, 2}


def test_an_english_article_does_not_find_french_tea(find):
    texts = [("fr", "Le thé est servi à quatre heures."), ("en", "The garden opens at four.")]
    assert find(texts, "When is the garden open?") == [2]


def test_a_language_in_the_minority_is_scored_like_the_others(find):
    """One French page among many English ones still wins a French question."""
    texts = [
        ("en", f"Page {number} about the water barrel behind the school.") for number in range(40)
    ]
    texts.append(("fr", "Le baril d'eau derrière l'école est plein."))
    assert find(texts, "Le baril est-il plein ?")[0] == 41


def test_words_that_follow_each_other_beat_words_apart(find):
    texts = [
        ("en", "Water the garden and read about the cycle of the moon."),
        ("en", "The cycle of the moon: water cycle and garden."),
    ]
    assert find(texts, "water cycle") == [2, 1]


def test_a_long_question_is_cut_to_its_rarest_words(find):
    texts = [("en", "garden common words"), ("en", "garden common rareword"), ("en", "garden")]
    assert find(texts, "garden common rareword", query_terms=1) == [2]


def test_a_question_of_stop_words_keeps_them():
    terms = analyze_question("Who are we?", ["en", OTHER])
    assert {term.variants[0] for term in terms.stems} == {"who", "are", "we"}


def test_words_that_come_twice_weigh_twice():
    terms = analyze_question("Compost or compost?", ["en"])
    assert [(term.variants, term.weight) for term in terms.stems] == [(("compost",), 2.0)]


@pytest.mark.parametrize(
    ("tag", "key"),
    [("en", "en"), ("FR-ca", "fr"), ("pt_BR", "pt"), ("nb", "no"), ("zh", OTHER), ("", OTHER)],
)
def test_language_tags_have_an_analyzer(tag, key):
    assert analyzer_key(tag) == key


@pytest.mark.parametrize("key", [*STEMMED, OTHER])
def test_every_analyzer_can_be_built(key):
    assert analyze_text("Wasser water 水 eau", key)


@given(st.text(max_size=200), st.sampled_from([*STEMMED, OTHER]))
def test_terms_hold_no_blanks(text, key):
    """They are stored joined by blanks and read back by cutting at them."""
    terms = analyze_text(text, key)
    assert " ".join(terms).split() == terms


@given(st.text(max_size=200))
def test_any_question_can_be_analysed(text):
    terms = analyze_question(text, ["en", "fr", OTHER])
    assert all(term.variants and term.weight > 0 for term in (*terms.stems, *terms.companions))


@given(st.text(alphabet="学校种菜 abc", max_size=30))
def test_unspaced_scripts_keep_every_character(text):
    kept = set(split_unspaced(text))
    assert set(text) - {" "} <= kept

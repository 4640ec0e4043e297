import pytest

from altiplano_sdk.abstention import ABSTENTIONS, abstention_sentence, is_abstention


@pytest.mark.parametrize("sentence", ABSTENTIONS.values())
def test_every_own_sentence_is_recognised(sentence):
    assert is_abstention(sentence)
    assert is_abstention(f"  {sentence} [2]\n")


@pytest.mark.parametrize(
    ("language", "expected"),
    [("en", "en"), ("FR", "fr"), ("fr-CA", "fr"), ("zz", "en"), ("", "en"), (None, "en")],
)
def test_sentence_is_in_the_language_or_in_english(language, expected):
    assert abstention_sentence(language) == ABSTENTIONS[expected]


@pytest.mark.parametrize(
    "answer",
    [
        "The passages do not mention this.",
        "The provided text doesn't specify the price.",
        "This is not mentioned in the passages.",
        "The date is not explicitly stated in the documents.",
        "I don't know.",
        "I\u2019m sorry, I don\u2019t have that.",
        "I cannot find the answer in the passages.",
        "There is no information about this in the text.",
        "No information is given.",
        "The question cannot be answered from the passages.",
        "Les documents ne le précisent pas.",
        "Les passages n\u2019indiquent pas la date.",
        "Ce n'est pas mentionné dans les documents.",
        "Je ne sais pas.",
        "Aucune information sur ce point.",
        "Los documentos no lo mencionan.",
        "The documents do not say. The documents do not say. The documents do not",
        "Les documents ne le disent pas.\n" * 30,
        "Die Dokumente sagen dazu nichts, sie nennen es nicht.",
    ],
)
def test_refusals_of_models_are_recognised(answer):
    assert is_abstention(answer)


@pytest.mark.parametrize(
    "answer",
    [
        "",
        "Compost is mature after six to twelve months.",
        "The documents do not name a date, but it takes six months.",
        "The text does not say why. It takes six months. Turn it often.",
        "I do not recommend adding meat.",
        "You cannot compost glass.",
        "Water does not contain sugar.",
        "Le compost ne doit pas sécher.",
        "The documents do not say. " + "It takes six months. " * 20,
    ],
)
def test_answers_are_not_taken_for_refusals(answer):
    assert not is_abstention(answer)

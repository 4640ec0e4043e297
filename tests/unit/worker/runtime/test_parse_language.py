# ruff: noqa: RUF001 - text in several scripts

import pytest

from altiplano_worker.runtime.parse_language import detect_language


@pytest.mark.parametrize(
    ("text", "language"),
    [
        ("How long does compost take to mature in a cold climate?", "en"),
        ("Combien de temps faut-il pour que le compost soit mûr ?", "fr"),
        ("Wie lange dauert es, bis der Kompost reif ist?", "de"),
        ("¿Cuánto tiempo tarda el compost en madurar?", "es"),
        ("Сколько времени созревает компост в холодном климате?", "ru"),
        ("堆肥は六か月から九か月で熟成します。夏は水やりを忘れないでください。", "ja"),
        ("堆肥需要六到九个月才能成熟。夏天请记得每天浇水，并保持土壤湿润。", "zh"),
        ("كم من الوقت يحتاج السماد العضوي حتى ينضج في الشتاء؟", "ar"),
    ],
)
def test_language_is_told(text, language):
    assert detect_language(text) == language


@pytest.mark.parametrize("text", ["", "   ", "Hello", "12 345,67 € 2026-11-23", "A1-B2 " * 200])
def test_too_little_text_has_no_language(text):
    assert detect_language(text) is None


def test_cover_in_another_language_does_not_decide():
    body = "Le compost mûrit en six à neuf mois, selon la saison et les soins apportés. " * 200
    assert detect_language("Annual report of the garden association. " + body) == "fr"


def test_links_and_numbers_do_not_decide():
    links = " https://www.example.org/the/english/path/of/the/page_1 " * 20
    assert detect_language(links + "Le compost mûrit en six à neuf mois.") == "fr"

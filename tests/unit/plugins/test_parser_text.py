# ruff: noqa: RUF001 - text in several scripts

import pytest

from altiplano_plugins.parser_text import TextParser
from altiplano_plugins.parser_text.decoding import decode_text
from altiplano_sdk import UnreadableDocumentError

FRENCH = "L’été dernier, le maïs a mûri très tôt : « Quelle chaleur ! » s’écria-t-elle. 12 €."
RUSSIAN = "Компост созревает от шести до девяти месяцев, в зависимости от погоды и ухода за ним."
JAPANESE = "堆肥は六か月から九か月で熟成します。夏は水やりを忘れないでください。"
CHINESE = "堆肥需要六到九个月才能成熟。夏天请记得每天浇水，并保持土壤湿润。"
POLISH = (
    "Kompost dojrzewa od sześciu do dziewięciu miesięcy, zależnie od pogody. Źdźbło trawy, żółć."
)


@pytest.mark.parametrize(
    ("text", "encoding"),
    [
        (FRENCH, "utf-8"),
        (FRENCH, "utf-8-sig"),
        (FRENCH, "utf-16"),
        (FRENCH, "utf-16-le"),
        (FRENCH, "utf-16-be"),
        (FRENCH, "utf-32"),
        (FRENCH, "utf-32-le"),
        (FRENCH, "cp1252"),
        ("Déjà vu à l'école, où ça ?", "latin-1"),
        (RUSSIAN, "cp1251"),
        (RUSSIAN, "koi8_r"),
        (JAPANESE, "cp932"),
        (JAPANESE * 5, "euc_jp"),
        (CHINESE, "gb18030"),
        (POLISH, "cp1250"),
    ],
)
def test_text_is_read_in_its_encoding(text, encoding):
    assert decode_text(text.encode(encoding)) == text


def test_long_text_is_judged_by_its_accents():
    """The only accents stand far behind the start of the file."""
    text = "plain ascii line\n" * 20_000 + "déjà vu\n"
    assert decode_text(text.encode("cp1252")) == text


def test_file_with_a_damaged_character_is_still_utf8():
    content = bytearray((FRENCH + " ").encode() * 3)
    content[content.index("û".encode())] = 0x20
    assert decode_text(bytes(content)).startswith("L’été dernier, le maïs a m \ufffdri très tôt")


def test_file_cut_inside_its_last_character_is_still_utf8():
    assert decode_text("déjà vu : été".encode()[:-1]) == "déjà vu : ét\ufffd"


def test_same_bytes_always_decode_the_same():
    content = POLISH.encode("iso8859_2")
    assert decode_text(content) == decode_text(content)


def test_document_is_one_page_of_clean_text(parse):
    document = parse(TextParser, "One\r\nTwo\u200b\r\n\r\n\r\n\r\nThree ".encode())
    assert document.text == "One\nTwo\n\nThree"
    assert [(page.number, page.start, page.end) for page in document.pages] == [(1, 0, 14)]
    assert document.warnings == ("One hidden character was removed from the text.",)


def test_file_of_spaces_is_refused(parse):
    with pytest.raises(UnreadableDocumentError, match="holds no text"):
        parse(TextParser, b" \n\t ")

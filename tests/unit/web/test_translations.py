"""Everything the interface can say, it can say in French."""

import re
from pathlib import Path

import polib
import pytest

from tests.messages import (
    CATALOGUE,
    ROOT,
    Message,
    all_messages,
    entries_by_message,
    marked_messages,
    messages_in_template,
    raised_sentences,
)

FRENCH = polib.pofile(str(CATALOGUE))
TEMPLATES = sorted((ROOT / "platform/altiplano").rglob("templates/**/*.html"))
UNTRANSLATED_WORDS = {
    "Altiplano",
    "UTC",
    "SHA",
    "ALTIPLANO",
    "ENGINE",
    "URL",
    "MODEL",
    "KEY",
    "llama",
}


def test_catalogue_holds_what_the_source_says():
    wanted, known = set(all_messages()), set(entries_by_message(FRENCH))
    hint = "run `python -m tests.messages` and translate what is new"
    assert not wanted - known, hint
    assert not known - wanted, hint


def test_every_message_has_confirmed_french():
    assert [entry.msgid for entry in FRENCH.untranslated_entries()] == []
    assert [entry.msgid for entry in FRENCH.fuzzy_entries()] == []


def test_french_keeps_the_placeholders():
    for entry in FRENCH:
        wanted = set(re.findall(r"%\(\w+\)[sd]", entry.msgid))
        for text in [entry.msgstr] if entry.msgstr else entry.msgstr_plural.values():
            assert set(re.findall(r"%\(\w+\)[sd]", text)) == wanted, entry.msgid


def test_french_spells_its_punctuation():
    """A narrow no-break space would be best; a plain one before ; : ! ? is the rule kept here."""
    for entry in FRENCH:
        for text in [entry.msgstr] if entry.msgstr else entry.msgstr_plural.values():
            assert "'" not in text, f"typewriter apostrophe: {text}"
            assert not re.search(r"\w[;!?](\s|$)", text), f"no space before the sign: {text}"


@pytest.mark.parametrize("path", TEMPLATES, ids=lambda path: path.name)
def test_template_shows_no_text_that_is_not_marked(path: Path):
    source = path.read_text(encoding="utf-8")
    source = re.sub(r"{#.*?#}", " ", source)
    source = re.sub(r'<span class="material-symbols-outlined[^>]*>\w+</span>', " ", source)  # icons
    source = re.sub(
        r"{%\s*(comment|blocktranslate)\b.*?{%\s*end\1\s*%}", " ", source, flags=re.DOTALL
    )
    visible_attributes = re.findall(r'\b(?:title|alt|placeholder|aria-label)="([^"{]+)"', source)
    source = re.sub(r"{%.*?%}|{{.*?}}", " ", source, flags=re.DOTALL)
    text = re.sub(r"<pre.*?</pre>|<[^>]*>", " ", source, flags=re.DOTALL)
    words = set(re.findall(r"[^\W\d_]{2,}", " ".join([text, *visible_attributes])))
    assert words - UNTRANSLATED_WORDS == set()


def test_messages_of_a_template_are_found():
    source = "{% load i18n %}{% translate 'One' %}{% blocktranslate count n=2 %}a{% plural %}b{% endblocktranslate %}"
    assert set(messages_in_template(source)) == {Message("One"), Message("a", "b")}


def test_messages_of_code_are_found():
    source = 'x = _("One")\ny = ngettext("a", "b", 2)\nraise E("It broke.")\nlog("not.a.sentence")'
    assert set(marked_messages(source)) == {Message("One"), Message("a", "b")}
    assert set(raised_sentences(source)) == {Message("It broke.")}

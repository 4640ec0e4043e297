"""The names of languages, in the language of who reads."""

import pytest
from django.template import Context, Template
from django.utils.translation import override

from tests.architecture.sources import ROOT


@pytest.mark.parametrize(
    ("reader", "code", "name"),
    [
        ("en", "fr", "French"),
        ("fr", "fr", "français"),
        ("fr", "en", "anglais"),
        ("fr", "de", "allemand"),
        ("fr", "xx", "xx"),
        ("fr", "", ""),
    ],
)
def test_language_is_named_as_its_reader_names_it(reader, code, name):
    template = Template("{% load altiplano i18n %}{{ code|said_language }}")
    with override(reader):
        assert template.render(Context({"code": code})) == name


def test_no_template_uses_the_filter_that_does_not_translate():
    pages = (ROOT / "platform").rglob("templates/**/*.html")
    assert [page.name for page in pages if "|language_name" in page.read_text("utf-8")] == []

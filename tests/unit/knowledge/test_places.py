"""Where in a document something stands, in words."""

from types import SimpleNamespace

import pytest

from altiplano.knowledge.places import place_of
from altiplano.knowledge.templatetags.places import and_page, has_page


@pytest.mark.parametrize(
    ("name", "page", "said"),
    [
        ("care.pdf", 1, "care.pdf, page 1"),
        ("CARE.PDF", 2, "CARE.PDF, page 2"),
        ("notes.txt", 1, "notes.txt"),
        ("notes", 1, "notes"),
        ("letter.docx", 1, "letter.docx"),
        ("letter.docx", 3, "letter.docx, page 3"),
        ("https://school.example/pdf", 1, "https://school.example/pdf"),
    ],
)
def test_place_names_a_page_only_where_there_are_pages(name, page, said):
    assert place_of(name, page) == said
    assert has_page({"document_name": name, "page": page}) is (said != name)
    assert has_page(SimpleNamespace(document_name=name, page=page)) is (said != name)
    assert name + and_page({"document_name": name, "page": page}) == said

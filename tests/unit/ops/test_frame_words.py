"""The dashboard's frame is another project's, and speaks French all the same."""

from pathlib import Path

import pytest
import unfold
from django.utils import translation
from django.utils.translation import gettext

from altiplano.ops.interfaces.frame_words import FRAME_WORDS
from tests.messages import messages_in_template

TEMPLATES = Path(unfold.__file__).parent / "templates"
OURS = Path(__file__).resolve().parents[3] / "platform/altiplano/ops/templates"
NEVER_SHOWN = {
    "command_results.html",  # the palette is switched off
    "dialog.html",  # questions before an action: ours have pages
    "display_header.html",  # pictures of people
    "field_readonly_value_file.html",  # no model keeps a file
    "login.html",  # the portal's own page
    "unauthenticated_header.html",
}
SHOWN = sorted(
    path
    for folder in ("admin", "unfold/helpers")
    for path in (TEMPLATES / folder).glob("*.html")
    if not (OURS / path.relative_to(TEMPLATES)).exists() and path.name not in NEVER_SHOWN
)
SAME_IN_FRENCH = {"Action", "Actions"}


@pytest.mark.parametrize("path", SHOWN, ids=lambda path: path.name)
def test_frame_is_french(path: Path):
    words = {each.singular for each in messages_in_template(path.read_text(encoding="utf-8"))}
    with translation.override("fr"):
        known = {word for word in words if gettext(word) != word or word in FRAME_WORDS}
    assert words - known - SAME_IN_FRENCH == set()


def test_no_word_is_kept_that_the_frame_does_not_say():
    sources = "".join(
        path.read_text(encoding="utf-8")
        for path in Path(unfold.__file__).parent.rglob("*")
        if path.suffix in {".html", ".py"}
    )
    assert [word for word in FRAME_WORDS if word not in sources] == []

"""Sentences and refusals in the language that is active when they are shown."""

import pytest
from django.utils import translation
from django.utils.translation import gettext_lazy as _
from django.utils.translation import ngettext_lazy

from altiplano.kernel.errors import ConflictError, InvalidInputError
from altiplano.kernel.sentences import Size, fill, said_size

LONG = _("A name has at most %(limit)s characters.")


def test_refusal_speaks_the_language_of_the_moment_it_is_shown():
    with translation.override("fr"):
        error = InvalidInputError(
            LONG, params={"limit": 2000}, fields={"name": _("at most %(limit)s characters")}
        )
    assert error.message == str(error) == "A name has at most 2,000 characters."
    assert error.fields == {"name": "at most 2,000 characters"}
    with translation.override("fr"):
        assert error.message == "Un nom compte au plus 2\xa0000 caractères."
        assert error.fields == {"name": "au plus 2\xa0000 caractères"}


def test_what_people_wrote_is_never_read_as_a_mark():
    error = ConflictError(_("Give it a name."), fields={"name": "100%"})
    assert (error.message, error.fields) == ("Give it a name.", {"name": "100%"})
    named = _("Your organization already has a collection called “%(name)s”.")
    assert "“50%(x)s”" in ConflictError(named, params={"name": "50%(x)s"}).message


@pytest.mark.parametrize(
    ("count", "said"), [(1, "1 page"), (0, "0 pages"), (2, "2 pages"), (1234, "1,234 pages")]
)
def test_numbers_choose_between_singular_and_plural(count, said):
    sentence = ngettext_lazy("%(count)s page", "%(count)s pages", "count")
    assert fill(sentence, {"count": count}) == said


def test_size_beside_other_figures_does_not_break_before_its_unit():
    assert said_size(1536) == "1.5\xa0kB"


@pytest.mark.parametrize(
    ("count", "english", "french"),
    [
        (0, "0 bytes", "0 octets"),
        (1023, "1,023 bytes", "1\xa0023 octets"),
        (1536, "1.5 kB", "1,5 ko"),
        (200 * 1024**2, "200 MB", "200 Mo"),
        (5 * 1024**3, "5 GB", "5 Go"),
    ],
)
def test_sizes_are_said_in_the_units_of_the_language(count, english, french):
    assert fill(_("at most %(limit)s"), {"limit": Size(count)}) == f"at most {english}"
    with translation.override("fr"):
        assert fill(_("at most %(limit)s"), {"limit": Size(count)}) == f"au plus {french}"

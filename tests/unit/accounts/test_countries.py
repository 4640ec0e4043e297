"""Countries are offered by name, in the reader's order."""

from django.utils import translation

from altiplano.accounts.countries import country_choices, country_name


def test_every_code_is_offered_once_by_a_name():
    for language in ("en", "fr"):
        with translation.override(language):
            codes = [code for code, name in country_choices() if name]
        assert len(codes) == len(set(codes)) == 249
        assert all(len(code) == 2 and code.isupper() for code in codes)


def test_names_are_sorted_as_they_are_read():
    with translation.override("fr"):
        names = [name for _code, name in country_choices()]
    assert names.index("Égypte") < names.index("Émirats arabes unis") < names.index("Équateur")
    assert names.index("Espagne") < names.index("États-Unis") < names.index("Finlande")


def test_name_is_in_the_active_language_and_unknown_codes_stay():
    with translation.override("fr"):
        assert (country_name("DE"), country_name("XX"), country_name("")) == ("Allemagne", "XX", "")
    with translation.override("en-us"):
        assert country_name("DE") == "Germany"

import pytest
from hypothesis import given
from hypothesis import strategies as st

from altiplano.challenges.review.blinding import (
    REDACTED,
    Certainty,
    Name,
    NameKind,
    blind_text,
    find_names,
)
from altiplano.challenges.review.folded_text import fold_text


def organization(text):
    return Name(NameKind.ORGANIZATION, text)


def person(text):
    return Name(NameKind.PERSON, text)


def domain(text):
    return Name(NameKind.DOMAIN, text)


def blind(text, *names):
    return blind_text(text, names=names, mark="[X]").text


@pytest.mark.parametrize(
    ("name", "text", "blinded"),
    [
        ("Le Réseau Rivage", "Le RÉSEAU RIVAGE, du Reseau Rivage.", "Le [X], du [X]."),
        ("Le Réseau Rivage", "Les Réseaux Rivages", "Les [X]"),
        ("Agence de l'eau", "l\u2019Agence des eaux, une agence d'eau", "l\u2019[X], une [X]"),
        ("Fondation Rivage SAS", "chez Rivage, pas drivage ni rivagerie", "chez [X], pas drivage ni rivagerie"),
        ("Rivage", "rivage_bot et Rivage-Est", "[X]_bot et [X]-Est"),
        ("Cœur d'Œuvre", "COEUR D'OEUVRE", "[X]"),
        ("Straße & Söhne", "strasse und strasse sohne", "strasse und [X]"),
        ("Water for All", "water for all! Water All", "[X]! [X]"),
        ("River Trust", "the River\n  Trust", "the [X]"),
    ],
)  # fmt: skip
def test_organization_is_hidden_however_it_is_written(name, text, blinded):
    assert blind(text, organization(name)) == blinded


@pytest.mark.parametrize(
    ("text", "blinded"),
    [
        ("Ri<b>va</b>ge", "[X]<b></b>"),
        ("<p>Rivage</p>", "<p>[X]</p>"),
        ("**Ri**vage", "**[X]**"),
        ("R&#105;vage &amp; co", "[X] &amp; co"),
        ("Ri\u00advage, Ri\u200bvage", "[X], [X]"),
        ("R\u0456v\u0430g\u0435", "[X]"),  # in part Cyrillic
        ("\uff32\uff49\uff56\uff41\uff47\uff45", "[X]"),
        ("RIVAGÉ", "[X]"),
        ("ri<br>vage", "ri<br>vage"),
    ],
)
def test_markup_and_disguises_do_not_help(text, blinded):
    assert blind(text, organization("Rivage")) == blinded


@pytest.mark.parametrize("written", ["Anna Dupont", "DUPONT Anna", "A. Dupont", "Mme Dupont", "Anna M. Dupont", "Dupont, Anna"])  # fmt: skip
def test_person_is_hidden_in_every_order(written):
    assert blind(f"Par {written} hier", person("Anna Dupont")) == "Par [X] hier"


def test_names_that_run_into_each_other_are_all_hidden():
    assert blind("Mme Dupont, Anna Dupont !", person("Anna Dupont")) == "[X] !"


def test_surname_alone_is_flagged_but_left_for_a_person_to_decide():
    result = blind_text("Un petit pas, Petit le sait.", names=[person("Luc Petit")])
    assert result.text == "Un petit pas, Petit le sait."
    assert result.redacted == ()
    assert [one.written for one in result.flagged] == ["petit", "Petit"]
    assert find_names("Luc Petit", names=[person("Luc Petit")])[0].certainty is Certainty.SURE
    assert len(find_names("Luc Petit", names=[person("Luc Petit")])) == 1


def test_domain_is_hidden_with_what_hangs_on_it():
    text = "https://www.rivage.org/x, anna.d@rivage.org, rivage point org; privage.org"
    assert blind(text, domain("rivage.org")) == "https://[X]/x, [X], [X]; privage.org"


def test_acronym_is_flagged_only_in_capitals():
    result = blind_text("l'ARC, A.R.C, un arc", names=[organization("Agence Régionale du Climat")])
    assert [one.written for one in result.flagged] == ["ARC", "A.R.C"]
    assert result.redacted == ()


def test_letters_spaced_out_are_flagged():
    (finding,) = find_names("R i v a g e", names=[organization("Rivage")])
    assert (finding.certainty, finding.written) == (Certainty.POSSIBLE, "R i v a g e")


def test_very_short_name_is_flagged_rather_than_hidden():
    (finding,) = find_names("va vers Ô", names=[organization("Ô")])
    assert finding.certainty is Certainty.POSSIBLE
    assert find_names("...", names=[organization("'"), domain("."), person(" ")]) == ()


def test_findings_say_where_they_are():
    text = "é<i>Ri</i>vage Rivage"
    findings = find_names(text, names=[organization("Rivage")])
    assert [one.pieces for one in findings] == [((15, 21),)]
    (split,) = find_names("a Ri<i>v</i>age", names=[organization("Rivage")])
    assert split.pieces == ((2, 4), (7, 8), (12, 15))
    assert split.written == "Rivage"


NAMES = st.lists(st.text("abdefgmnoprtuvéèçô", min_size=3, max_size=8), min_size=1, max_size=3).map(
    " ".join
)
DISGUISES = st.sampled_from(
    ["", "", "", "<b>", "</b>", "**", "\u00ad", "\u200b", "<span class='a'>", "<!-- x -->"]
)


@given(NAMES, st.data())
def test_no_disguise_saves_a_name(name, data):
    parts = []
    for character in name:
        forms = [character, character.upper(), f"&#{ord(character)};"]
        parts += [data.draw(st.sampled_from(forms)), data.draw(DISGUISES)]
    text = f"Projet du {''.join(parts)}, pour tous."
    result = blind_text(text, names=[organization(name)])
    assert result.redacted
    assert REDACTED in result.text
    left = find_names(result.text, names=[organization(name)])
    assert [one for one in left if one.certainty is Certainty.SURE] == []


@given(st.text(max_size=60), st.sampled_from(["Rivage", "Agence de l'eau"]))
def test_text_without_the_name_stays_as_it_is(text, name):
    result = blind_text(text, names=[organization(name)])
    if not result.redacted:
        assert result.text == text


@given(st.text(st.sampled_from("aé<b>/&;#1*_ .@'\u00ad\u0430İßﬁ"), max_size=40))
def test_folded_text_leads_back_to_its_source(source):
    folded = fold_text(source)
    assert len(folded.text) == len(folded.origins)
    assert "  " not in folded.text
    assert all(0 <= start < end <= len(source) for start, end in folded.origins)
    assert list(folded.origins) == sorted(folded.origins)


@pytest.mark.parametrize(
    "filler", ["Le projet du réseau avance. ", "a.", "<", "de la ", "a@", "<!--"]
)
def test_long_text_is_searched_in_time_that_grows_with_its_length(filler):
    """Each of these would take minutes where the expressions could go back without end."""
    text = filler * (60_000 // len(filler)) + " Réseau Rivage"
    names = [organization("Réseau Rivage"), person("Anna Dupont"), domain("rivage.org")]
    assert len(blind_text(text, names=names).redacted) == 1

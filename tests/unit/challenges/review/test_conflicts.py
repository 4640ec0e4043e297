from datetime import date, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from altiplano.challenges.review.conflicts import (
    Affiliation,
    Conflict,
    ConflictKind,
    ConflictSource,
    Contender,
    Declaration,
    Person,
    find_conflicts,
)
from altiplano.challenges.review.mail_domains import (
    SHARED_EVERYWHERE,
    SHARED_PROVIDERS,
    house_of,
    house_of_domain,
)

TODAY = date(2028, 2, 29)
RIVER = Affiliation("org-river", "River Trust")


def conflicts(reviewer, contender, *declarations, today=TODAY):
    return find_conflicts(
        reviewers=[reviewer], contenders=[contender], declarations=declarations, today=today
    )


def kinds(*args, **kwargs):
    return [one.kind for one in conflicts(*args, **kwargs)]


def entry(*members, organizations=(), domains=()):
    return Contender("entry", members, tuple(organizations), tuple(domains))


def test_strangers_have_no_conflict():
    reviewer = Person("r", ("r@north.example",), (Affiliation("org-north", "North"),))
    member = Person("m", ("m@river.example",), (RIVER,))
    assert conflicts(reviewer, entry(member, organizations=[RIVER])) == ()


def test_team_member_never_reviews_the_own_entry():
    assert kinds(Person("r"), entry(Person("r"))) == [ConflictKind.OWN_ENTRY]


def test_organization_counts_through_the_entry_and_through_its_members():
    reviewer = Person("r", organizations=(RIVER,))
    expected = Conflict(
        "r",
        "entry",
        ConflictKind.SAME_ORGANIZATION,
        ConflictSource.COMPUTED,
        "org-river",
        "Both belong to the organization River Trust.",
    )
    assert conflicts(reviewer, entry(organizations=[RIVER])) == (expected,)
    assert conflicts(reviewer, entry(Person("m", organizations=(RIVER,)))) == (expected,)


@pytest.mark.parametrize(
    ("until", "found"),
    [
        (date(2027, 1, 1), [ConflictKind.FORMER_ORGANIZATION]),
        (date(2025, 3, 1), [ConflictKind.FORMER_ORGANIZATION]),
        (date(2025, 2, 28), []),
    ],
)
def test_what_ended_counts_for_three_years_to_the_day(until, found):
    left = Affiliation("org-river", "River Trust", until)
    assert kinds(Person("r", organizations=(left,)), entry(organizations=[RIVER])) == found
    assert kinds(Person("r", organizations=(RIVER,)), entry(Person("m", (), (left,)))) == found
    assert kinds(Person("r", teams=(left,)), entry(Person("m", teams=(RIVER,)))) == (
        [ConflictKind.PAST_TEAM] if found else []
    )


def test_return_to_an_organization_counts_as_belonging_to_it():
    left = Affiliation("org-river", "River Trust", date(2027, 1, 1))
    reviewer = Person("r", organizations=(left, RIVER, left))
    assert kinds(reviewer, entry(organizations=[RIVER])) == [ConflictKind.SAME_ORGANIZATION]


def test_former_organization_says_when_the_shared_time_ended():
    early = Affiliation("org-river", "River Trust", date(2026, 5, 1))
    late = Affiliation("org-river", "River Trust", date(2027, 5, 1))
    (one,) = conflicts(Person("r", organizations=(late,)), entry(Person("m", (), (early,))))
    assert one.reason == "Both belonged to the organization River Trust until 2026-05-01."


def test_addresses_of_one_house_are_a_conflict_whatever_the_department():
    reviewer = Person("r", ("r@gmail.com", "R@Lab.Univ-Lyon.FR"))
    member = Person("m", ("m@env.univ-lyon.fr", "m@gmail.com"))
    (one,) = conflicts(reviewer, entry(member))
    assert (one.kind, one.about) == (ConflictKind.MAIL_DOMAIN, "univ-lyon.fr")
    assert kinds(reviewer, entry(domains=["www.univ-lyon.fr"])) == [ConflictKind.MAIL_DOMAIN]


@given(st.sampled_from(sorted(SHARED_PROVIDERS | {f"{one}.co.uk" for one in SHARED_EVERYWHERE})))
def test_customers_of_one_mail_provider_are_strangers(domain):
    reviewer, member = Person("r", (f"r@{domain}",)), Person("m", (f"M@{domain.upper()}",))
    assert conflicts(reviewer, entry(member)) == ()


@pytest.mark.parametrize(
    ("address", "house"),
    [
        ("a@defra.gov.uk", "defra.gov.uk"),
        ("a@mail.defra.gov.uk", "defra.gov.uk"),
        ("a@drac.culture.gouv.fr", "culture.gouv.fr"),
        ("a@eau.asso.fr", "eau.asso.fr"),
        ("a@gov.uk", None),
        ("a@co.example", "co.example"),
        ("a@münchen.de", "xn--mnchen-3ya.de"),
        ("a@XN--MNCHEN-3YA.de", "xn--mnchen-3ya.de"),
        ("a@localhost", None),
        ("nobody", None),
        ("a@", None),
        ("a@..fr", None),
        ("a@" + "x" * 80 + ".fr", None),
        ("a@mac.fr", "mac.fr"),
    ],
)
def test_house_of_an_address(address, house):
    assert house_of(address) == house


@given(st.text(max_size=30))
def test_any_text_has_a_house_or_none(text):
    house = house_of(text)
    assert house is None or house == house_of_domain(house)


@pytest.mark.parametrize("target", ["entry", "org-river", "m"])
def test_declaration_reaches_entries_organizations_and_people(target):
    contender = entry(Person("m", organizations=(RIVER,)))
    (one,) = conflicts(Person("r"), contender, Declaration("r", target, "My sister works there."))
    assert (one.kind, one.source) == (ConflictKind.DECLARED, ConflictSource.DECLARED)
    assert (one.about, one.reason) == (target, "My sister works there.")


def test_declaration_of_another_reviewer_or_about_another_entry_does_not_reach():
    contender = entry(Person("m"))
    others = [Declaration("someone", "entry", "-"), Declaration("r", "other-entry", "-")]
    assert conflicts(Person("r"), contender, *others) == ()


PEOPLE = st.builds(
    Person,
    st.sampled_from(["p", "q", "s"]),
    st.tuples(st.sampled_from(["x@a.example", "x@b.example", "x@gmail.com"])),
    *[
        st.lists(
            st.builds(
                Affiliation,
                st.sampled_from(["o1", "o2"]),
                st.just("O"),
                st.none() | st.integers(0, 3000).map(lambda days: TODAY - timedelta(days=days)),
            ),
            max_size=2,
        ).map(tuple)
    ]
    * 2,
)


@given(PEOPLE, PEOPLE)
def test_conflict_holds_both_ways(one, other):
    there, back = kinds(one, entry(other)), kinds(other, entry(one))
    assert there == back


@given(st.lists(PEOPLE, max_size=3, unique_by=lambda one: one.id), st.lists(PEOPLE, max_size=3))
def test_order_changes_nothing_and_more_members_never_lift_a_conflict(reviewers, members):
    whole = find_conflicts(reviewers=reviewers, contenders=[entry(*members)], today=TODAY)
    turned = find_conflicts(
        reviewers=reviewers[::-1], contenders=[entry(*members[::-1])], today=TODAY
    )
    assert whole == turned
    fewer = find_conflicts(reviewers=reviewers, contenders=[entry(*members[1:])], today=TODAY)
    barred = {(one.reviewer_id, one.entry_id) for one in whole}
    assert {(one.reviewer_id, one.entry_id) for one in fewer} <= barred

"""Apps are opened to everybody and closed again, and say how they look there."""

import pytest

from altiplano.accounts.models import AuditEvent, Organization
from altiplano.kernel.errors import (
    ConflictError,
    InvalidInputError,
    NotAllowedError,
    NotFoundError,
)
from altiplano.kernel.models import OrganizationLimits
from altiplano.studio.domain.sharing import (
    Allowance,
    Appearance,
    allow_domains,
    change_allowance,
    change_appearance,
    close_to_public,
    open_to_public,
)
from altiplano.studio.models import App, AppSharing
from altiplano.studio.public_apps import find_public_app, sharing_of
from tests.factories.runs import publish_app
from tests.factories.studio import AppFactory

pytestmark = pytest.mark.django_db


@pytest.fixture
def app(alice) -> App:
    return publish_app(alice.organization, name="Garden assistant", slug="garden")


def find(app: App):
    return find_public_app(app.organization.slug, app.slug)


def test_app_is_private_until_somebody_opens_it(bob, app, django_assert_num_queries):
    assert sharing_of(app).is_public is False
    with pytest.raises(NotFoundError):
        find(app)
    open_to_public(principal=bob.principal, app_id=app.id)
    with django_assert_num_queries(1):
        found = find_public_app("green-schools", "garden")
    assert (found.app, found.title) == (app, "Garden assistant")
    assert found.version == app.published_version


def test_opening_twice_is_opening_once_and_both_ways_are_on_record(bob, app):
    for _ in range(2):
        open_to_public(principal=bob.principal, app_id=app.id)
    for _ in range(2):
        close_to_public(principal=bob.principal, app_id=app.id)
    with pytest.raises(NotFoundError):
        find(app)
    actions = AuditEvent.objects.filter(object_id=str(app.id)).order_by("happened_at")
    assert list(actions.values_list("action", flat=True)) == ["app.opened", "app.closed"]


def test_app_without_a_published_version_cannot_be_opened(bob):
    app = AppFactory(organization=bob.organization)
    with pytest.raises(ConflictError):
        open_to_public(principal=bob.principal, app_id=app.id)


def test_withdrawn_app_suspended_organization_and_operators_word_close_the_page(bob, app):
    open_to_public(principal=bob.principal, app_id=app.id)
    version = app.published_version
    for close, reopen in (
        (
            lambda: App.unscoped.update(published_version=None),
            lambda: App.unscoped.update(published_version=version),
        ),
        (
            lambda: Organization.objects.update(is_suspended=True),
            lambda: Organization.objects.update(is_suspended=False),
        ),
        (
            lambda: OrganizationLimits.objects.create(
                organization=bob.organization, allows_public_apps=False
            ),
            lambda: OrganizationLimits.objects.all().delete(),
        ),
    ):
        close()
        with pytest.raises(NotFoundError):
            find(app)
        reopen()
        assert find(app).app == app


def test_viewers_and_strangers_share_nothing(vera, charlie, app):
    with pytest.raises(NotAllowedError):
        open_to_public(principal=vera.principal, app_id=app.id)
    with pytest.raises(NotFoundError):
        open_to_public(principal=charlie.principal, app_id=app.id)
    assert AppSharing.unscoped.count() == 0


def test_appearance_is_tidied_and_stored(bob, app):
    appearance = Appearance(
        accent="plum",
        title="  Ask\u202e the   garden ",
        greeting="Hello",
        placeholder="Your question",
        examples=["When is compost ripe?", "", "When is compost ripe?", "Et le compost ?"],
        example_languages=["en", "", "fr", "fr"],
    )
    change_appearance(principal=bob.principal, app_id=app.id, appearance=appearance)
    sharing = sharing_of(app)
    assert (sharing.title, sharing.accent) == ("Ask the garden", "plum")
    assert sharing.examples == ["When is compost ripe?", "Et le compost ?"]
    assert sharing.example_languages == ["en", "fr"]
    assert sharing.is_public is False


@pytest.mark.parametrize(
    ("languages", "french", "english"),
    [
        (["fr", "en", ""], ["Un", "All"], ["One", "All"]),
        ([], ["Un", "One", "All"], ["Un", "One", "All"]),
        (["fr"], ["Un", "One", "All"], ["One", "All"]),
    ],
)
def test_readers_see_examples_of_their_language_and_those_for_all(languages, french, english):
    sharing = AppSharing(examples=["Un", "One", "All"], example_languages=languages)
    assert sharing.examples_for("fr") == french
    assert sharing.examples_for("en") == english


@pytest.mark.parametrize(
    ("field", "appearance"),
    [
        ("accent", Appearance(accent="expression(alert(1))")),
        ("title", Appearance(title="x" * 81)),
        ("greeting", Appearance(greeting="x" * 401)),
        ("placeholder", Appearance(placeholder="x" * 81)),
        ("examples", Appearance(examples=["x" * 161])),
        ("examples", Appearance(examples=["1", "2", "3", "4", "5"])),
        ("examples", Appearance(examples=["1"], example_languages=["xx"])),
    ],
)
def test_appearance_that_does_not_fit_is_refused_by_its_field(bob, app, field, appearance):
    with pytest.raises(InvalidInputError) as refused:
        change_appearance(principal=bob.principal, app_id=app.id, appearance=appearance)
    assert field in refused.value.fields


@pytest.mark.parametrize("numbers", [(0, 5), (5, 0), (1001, 5), (5, 100_001)])
def test_allowance_has_bounds(bob, app, numbers):
    with pytest.raises(InvalidInputError):
        change_allowance(principal=bob.principal, app_id=app.id, allowance=Allowance(*numbers))


def test_only_allowed_websites_may_embed(bob, app):
    open_to_public(principal=bob.principal, app_id=app.id)
    assert not find(app).may_be_embedded_by("https://www.school.example")
    allow_domains(principal=bob.principal, app_id=app.id, domains=["https://www.school.example/"])
    found = find(app)
    assert found.may_be_embedded_by("https://www.school.example")
    assert found.may_be_embedded_by("http://www.school.example")
    for other in (
        "https://school.example",
        "https://www.school.example:8443",
        "https://www.school.example.evil.example",
        "null",
        "",
        "ftp://www.school.example",
    ):
        assert not found.may_be_embedded_by(other), other

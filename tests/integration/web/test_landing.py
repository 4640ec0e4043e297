"""The first page: what it says, and the app that it lets strangers try."""

import pytest

from altiplano.web import landing
from altiplano.web.landing import LandingApp, register_landing_source
from tests.integration.web.test_pages import body_of

pytestmark = pytest.mark.django_db
GARDEN = LandingApp(
    title="Garden <assistant>",
    organization="Green Schools",
    address="/a/green-schools/garden/",
    examples=("How long does compost take?",),
)


@pytest.fixture
def tried(settings, monkeypatch):
    """The page offers the app, which is public while its name is asked for."""
    monkeypatch.setattr(landing, "_sources", [])
    register_landing_source({"green-schools/garden": GARDEN}.get)
    settings.LANDING_APP = "green-schools/garden"
    return settings


def test_app_can_be_asked_at_once(client, tried):
    page = body_of(client.get("/"))
    assert page.count('action="/a/green-schools/garden/"') == 2
    assert 'value="How long does compost take?"' in page
    assert "Garden &lt;assistant&gt;" in page
    assert "csrftoken" in client.cookies


@pytest.mark.parametrize("name", ["", "green-schools/gone"])
def test_page_goes_without_an_app_that_nobody_may_ask(client, tried, name):
    tried.LANDING_APP = name
    page = body_of(client.get("/"))
    assert "Try it now" not in page
    assert "Create an account" in page


def test_page_says_who_runs_the_platform(client, tried):
    assert "those to whom testserver belongs" in body_of(client.get("/"))
    tried.OPERATOR = "City of <Lyon>"
    assert "City of &lt;Lyon&gt;" in body_of(client.get("/"))


def test_page_is_read_in_few_queries(client, tried, django_assert_max_num_queries):
    with django_assert_max_num_queries(2):
        client.get("/")

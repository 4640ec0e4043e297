"""The page “Share” of an app: its states, its forms, its samples."""

import io
import re

import pytest
from django.urls import reverse
from PIL import Image

from altiplano.kernel.models import OrganizationLimits
from altiplano.studio.models import App, AppSharing
from tests.integration.web.test_pages import body_of, signed_in

pytestmark = pytest.mark.django_db

LONG = "Ünïcode 🌱 مدرسة " + "long " * 36


@pytest.fixture
def app(garden) -> App:
    return garden.app


def page_of(member, app, name="share", language="en") -> str:
    return body_of(signed_in(member, language).get(reverse(f"studio:{name}", args=[app.id])))


def post(member, app, name, **fields):
    return signed_in(member).post(reverse(f"studio:{name}", args=[app.id]), fields)


def test_private_app_says_what_opening_it_means(bob, app):
    page = page_of(bob, app)
    assert "Only members can ask it" in page
    assert "lets everybody who has its address ask this app" in page
    assert "Open it to everybody" in page
    assert "<svg" not in page


def test_opened_app_shows_its_address_and_its_qr_code(bob, app, settings):
    settings.PUBLIC_URL = "https://ai.school.example"
    assert post(bob, app, "share-open").status_code == 302
    page = page_of(bob, app)
    assert "https://ai.school.example/a/green-schools/garden/" in page
    assert "<svg" in page
    assert "Close it to everybody but members" in page
    post(bob, app, "share-close")
    assert "Only members can ask it" in page_of(bob, app)


def test_unpublished_app_and_operators_refusal_are_said_and_not_offered(bob, app):
    OrganizationLimits.objects.create(organization=app.organization, allows_public_apps=False)
    page = page_of(bob, app)
    assert "does not allow public apps" in page
    assert reverse("studio:share-open", args=[app.id]) not in page
    OrganizationLimits.objects.all().delete()
    App.unscoped.update(published_version=None)
    page = page_of(bob, app)
    assert "Publish a version first" in page
    assert reverse("studio:share-open", args=[app.id]) not in page
    refused = signed_in(bob).post(reverse("studio:share-open", args=[app.id]), follow=True)
    assert "only ever answered by what is published" in body_of(refused)
    assert not AppSharing.unscoped.filter(is_public=True).exists()


def test_viewer_reads_and_changes_nothing(vera, app):
    for name in ("share", "share-website", "share-api"):
        assert '<form method="post"' not in page_of(vera, app, name).partition("<main")[2]
    for name in ("share-open", "share-close", "share-look", "share-limits", "share-website"):
        assert post(vera, app, name, domains="a.example").status_code == 403
    assert AppSharing.unscoped.count() == 0


def test_look_is_saved_and_shown_again(bob, app):
    fields = {"title": "Ask us", "greeting": "Hello", "placeholder": "", "accent": "ocean"}
    fields |= {"example_1": "When?", "example_3": "How long?", "language_3": "fr"}
    assert post(bob, app, "share-look", **fields).status_code == 302
    sharing = AppSharing.unscoped.get()
    assert (sharing.title, sharing.accent) == ("Ask us", "ocean")
    assert sharing.examples == ["When?", "How long?"]
    page = page_of(bob, app)
    assert '<textarea name="example_1"' in page, "a long question wraps instead of being cut"
    for value in ("Ask us", "Hello", "When?", "How long?"):
        assert value in page
    assert re.search(r'name="language_2"[^<]*>.*?value="fr" selected', page)


@pytest.mark.parametrize(
    ("name", "fields", "problem"),
    [
        ("share-look", {"accent": "red", "title": "Keep me"}, "Select a valid choice"),
        ("share-look", {"accent": "plum", "title": "Keep me" + "x" * 90}, "at most 80 characters"),
        (
            "share-limits",
            {"questions_per_visitor": "0", "questions_per_day": "77777"},
            "greater than or equal to 1",
        ),
        (
            "share-website",
            {"domains": "77777.example\n*.evil.example"},
            "not the name of a website",
        ),
    ],
)
def test_refused_form_says_why_and_keeps_what_was_typed(bob, app, name, fields, problem):
    response = post(bob, app, name, **fields)
    assert response.status_code == 400
    page = body_of(response)
    assert problem in page
    assert "Keep me" in page or "77777" in page
    assert not AppSharing.unscoped.exclude(domains=[]).exists()


def test_limits_are_saved(bob, app):
    fields = {"questions_per_visitor": "3", "questions_per_day": "9", "opens_documents": "on"}
    assert post(bob, app, "share-limits", **fields).status_code == 302
    sharing = AppSharing.unscoped.get()
    assert (sharing.questions_per_visitor, sharing.questions_per_day) == (3, 9)
    assert sharing.opens_documents is True


def test_websites_are_saved_and_the_line_names_this_platform_and_app(bob, app, settings):
    settings.PUBLIC_URL = "https://ai.school.example"
    post(
        bob, app, "share-website", domains="https://www.school.example/\nlocalhost:8671, b.example"
    )
    assert AppSharing.unscoped.get().domains == [
        "www.school.example",
        "localhost:8671",
        "b.example",
    ]
    page = page_of(bob, app, "share-website")
    line = (
        "&lt;script src=&quot;https://ai.school.example/widget.js&quot; "
        "data-app=&quot;green-schools/garden&quot; async&gt;&lt;/script&gt;"
    )
    assert line in page
    assert "appears on websites only while the app is public" in page


def test_samples_name_this_platform_app_and_model(bob, app, settings):
    settings.PUBLIC_URL = "https://ai.school.example"
    page = page_of(bob, app, "share-api")
    assert page.count(f"https://ai.school.example/api/v1/apps/{app.id}/runs") == 3
    assert "base_url=&quot;https://ai.school.example/v1&quot;" in page
    assert "model=&quot;green-schools/garden&quot;" in page
    assert "&quot;url&quot;: &quot;https://ai.school.example/mcp/green-schools/garden&quot;" in page
    assert page.count("alti_YOUR_KEY") == 6
    assert reverse("accounts:token-list") in page


@pytest.mark.parametrize(("kind", "media_type"), [("svg", "image/svg+xml"), ("png", "image/png")])
def test_qr_code_is_downloaded_as_a_picture(bob, app, kind, media_type):
    response = signed_in(bob).get(reverse(f"studio:share-{kind}", args=[app.id]))
    assert response["Content-Type"] == media_type
    assert response["Content-Disposition"] == f'attachment; filename="garden.{kind}"'
    if kind == "png":
        assert Image.open(io.BytesIO(response.content)).width > 300
    else:
        assert response.content.rstrip().endswith(b"</svg>")


def test_preview_carries_the_line_only_while_the_app_is_public(bob, app):
    assert "/widget.js" not in page_of(bob, app, "share-preview")
    post(bob, app, "share-open")
    assert re.search(
        r'<script src="/widget.js" data-app="green-schools/garden" async>',
        page_of(bob, app, "share-preview"),
    )


def test_long_names_are_escaped_and_kept_whole(bob, app):
    App.unscoped.update(name=f"<b>{LONG}")
    page = page_of(bob, app)
    assert "<b>Ü" not in page
    assert "مدرسة" in page


@pytest.mark.parametrize("name", ["share", "share-website", "share-api", "share-preview"])
def test_pages_are_in_french(bob, app, name):
    page = page_of(bob, app, name, language="fr")
    assert "Partager" in page
    for english in ("Public page", "What visitors", "Only members", "Make a key", "Ways to"):
        assert english not in page


@pytest.mark.parametrize("name", ["share", "share-website", "share-api", "share-preview"])
def test_pages_cost_few_queries(bob, app, name, django_assert_max_num_queries):
    client = signed_in(bob)
    with django_assert_max_num_queries(8):
        client.get(reverse(f"studio:{name}", args=[app.id]))

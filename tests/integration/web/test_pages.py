"""What people see on the pages, in which language, and what they may not see."""

import gzip

import pytest
from allauth.account.models import EmailAddress
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from altiplano.knowledge.models import DocumentState
from tests.factories.accounts import PASSWORD, UserFactory
from tests.factories.studio import AppFactory, CollectionFactory
from tests.integration.web.conftest import QUOTE, make_document

pytestmark = pytest.mark.django_db


def signed_in(member, language: str = "en") -> Client:
    client = Client(raise_request_exception=False)
    client.force_login(member.user)
    client.cookies["django_language"] = language
    return client


def body_of(response) -> str:
    return " ".join(response.content.decode().split())


def test_landing_says_what_it_is_to_strangers(client):
    assert "see where every answer comes from" in body_of(client.get("/"))


def test_landing_sends_members_to_their_first_page(alice):
    assert signed_in(alice).get("/").headers["Location"] == reverse("studio:home")


@pytest.mark.parametrize("name", ["account_login", "account_signup", "account_reset_password"])
@pytest.mark.parametrize("language", ["en", "fr"])
def test_account_pages_are_in_the_portal_frame(client, name, language):
    client.cookies["django_language"] = language
    page = body_of(client.get(reverse(name)))
    assert f'<html lang="{language}">' in page
    assert 'class="brand"' in page


def test_sign_in_leads_to_the_first_page(client, alice):
    EmailAddress.objects.create(
        user=alice.user, email=alice.user.email, verified=True, primary=True
    )
    response = client.post(
        reverse("account_login"), {"login": alice.user.email, "password": PASSWORD}
    )
    assert response.headers["Location"] == reverse("studio:home")


def test_language_is_remembered_for_a_year(client):
    response = client.post(reverse("set_language"), {"language": "fr", "next": "/"})
    assert response.cookies["django_language"].value == "fr"
    assert response.cookies["django_language"]["max-age"] == 365 * 24 * 3600
    assert "Interrogez vos documents" in body_of(client.get("/"))


def test_home_lists_apps_and_collections_with_their_state(alice, garden):
    make_document(garden.collection, "slow.pdf", DocumentState.EMBEDDING)
    page = body_of(signed_in(alice).get(reverse("studio:home")))
    assert "Garden assistant" in page
    assert "published, version 1" in page
    assert "School garden" in page
    assert "1 on its way" in page


def test_home_of_someone_else_shows_nothing_of_it(charlie, garden):
    page = body_of(signed_in(charlie).get(reverse("studio:home")))
    assert "Garden assistant" not in page
    assert "School garden" not in page


@pytest.mark.parametrize(
    "make",
    [
        "collection-detail",
        "collection-search",
        "collection-settings",
        "collection-delete",
        "document-changes",
        "document-detail",
        "document-file",
    ],
)
def test_pages_of_foreign_documents_are_not_there(charlie, garden, make):
    is_document = make in {"document-detail", "document-file"}
    thing = garden.document if is_document else garden.collection
    response = signed_in(charlie).get(reverse(f"knowledge:{make}", args=[thing.id]))
    assert response.status_code == 404
    assert "There is nothing here" in body_of(response)


def test_viewer_sees_documents_but_no_way_to_change_them(vera, garden):
    page = body_of(
        signed_in(vera).get(reverse("knowledge:collection-detail", args=[garden.collection.id]))
    )
    assert "composting.pdf" in page
    assert 'id="drop"' not in page
    assert "Delete" not in page


def test_collection_page_says_why_a_document_failed_in_the_reader_s_language(alice, garden):
    make_document(
        garden.collection, "secret.pdf", DocumentState.FAILED, reason_code="unreadable",
        reason="The PDF is protected by a password. Remove the password and upload it again.",
    )  # fmt: skip
    address = reverse("knowledge:collection-detail", args=[garden.collection.id])
    assert "protected by a password" in body_of(signed_in(alice).get(address))
    assert "protégé par un mot de passe" in body_of(signed_in(alice, "fr").get(address))


def test_upload_without_script_leads_back_to_the_collection(alice, garden, tmp_path):
    path = tmp_path / "water.txt"
    path.write_text("Close the tap while you brush your teeth.")
    with path.open("rb") as file:
        response = signed_in(alice).post(
            reverse("knowledge:document-list", args=[garden.collection.id]),
            {"file": file},
            follow=True,
        )
    page = body_of(response)
    assert "1 document is on its way." in page
    assert "water.txt" in page


def test_upload_of_nothing_says_so(alice, garden):
    response = signed_in(alice).post(
        reverse("knowledge:document-list", args=[garden.collection.id]), follow=True
    )
    assert "Send at least one file" in body_of(response)


def test_document_page_marks_the_passage_and_names_its_page(alice, garden):
    address = reverse("knowledge:document-detail", args=[garden.document.id])
    page = body_of(signed_in(alice).get(address, {"start": 13, "end": 13 + len(QUOTE)}))
    assert f'<mark id="passage" class="current">{QUOTE}</mark>' in page
    assert "page 2 of 2" in page


@pytest.mark.parametrize("query", [{"start": "x", "end": "-1"}, {"page": "9" * 30}, {"page": "0"}])
def test_document_page_takes_nonsense_for_the_first_page(alice, garden, query):
    address = reverse("knowledge:document-detail", args=[garden.document.id])
    assert "page 1 of 2" in body_of(signed_in(alice).get(address, query))


def test_source_pane_gets_the_passage_without_the_frame(alice, garden):
    address = reverse("knowledge:document-detail", args=[garden.document.id])
    response = signed_in(alice).get(
        address, {"start": 13, "end": 20}, headers={"HX-Request": "true"}
    )
    assert "<html" not in body_of(response)
    assert "<mark" in body_of(response)


def test_new_app_without_a_collection_says_what_is_missing(alice):
    response = signed_in(alice).post(
        reverse("studio:app-create"), {"name": "Assistant", "template": "cited-answer"}
    )
    assert "name at least one collection" in body_of(response)


def test_publish_makes_the_draft_public(alice):
    app = AppFactory(organization=alice.organization)
    client = signed_in(alice)
    response = client.post(reverse("studio:app-publish", args=[app.id]), follow=True)
    assert "Version 1 is published." in body_of(response)
    app.refresh_from_db()
    assert app.published_version.number == 1


def test_key_is_shown_once(alice):
    client = signed_in(alice)
    first = client.post(
        reverse("accounts:token-list"), {"name": "ci", "scopes": ["read"], "lifetime": "30"}
    )
    key = body_of(first).partition('id="new-key">')[2].partition("<")[0]
    assert key.startswith("alti_")
    assert "no-store" in first.headers["Cache-Control"]
    assert key not in body_of(client.get(reverse("accounts:token-list")))


def test_pages_are_kept_by_no_cache(client, alice):
    for response in (client.get("/"), signed_in(alice).get("/home/")):
        assert response.headers["Cache-Control"] == "private, no-store"


def test_person_without_an_organization_can_make_one(client, db):
    client.force_login(UserFactory())
    response = client.get(reverse("studio:home"), follow=True)
    assert "Documents and apps belong to an organization" in body_of(response)
    made = client.post(
        reverse("accounts:organization-create"),
        {"name": "Lycée Monge", "kind": "public"},
        follow=True,
    )
    assert "Lycée Monge" in body_of(made)


def test_switching_to_a_foreign_organization_is_refused(alice, charlie):
    response = signed_in(alice).post(
        reverse("accounts:organization-switch"), {"organization": str(charlie.organization.id)}
    )
    assert response.status_code == 404


@pytest.mark.parametrize("path", ["/nope/", "/documents/not-an-id/", "/runs/x/"])
def test_missing_pages_say_so_in_the_reader_s_language(alice, path):
    response = signed_in(alice, "fr").get(path)
    assert response.status_code == 404
    assert "Retour à la page d\u2019accueil" in body_of(response)


def test_pages_hold_no_inline_script_or_style_and_load_nothing_from_elsewhere(alice, garden):
    client = signed_in(alice)
    for address in (
        "/home/",
        f"/collections/{garden.collection.id}/",
        f"/documents/{garden.document.id}/",
        f"/apps/{garden.app.id}/",
        f"/runs/{garden.run.id}/",
        "/keys/",
    ):
        page = body_of(client.get(address))
        assert " style=" not in page
        assert "<style" not in page
        assert " onclick=" not in page
        assert 'src="http' not in page
        assert 'href="//' not in page
        executable = [tag for tag in page.split("<script")[1:] if "src=" not in tag.split(">")[0]]
        assert all('type="application/json"' in tag for tag in executable)


def test_lists_cost_the_same_whatever_their_length(alice, garden):
    client = signed_in(alice)
    pages = ["/home/", f"/collections/{garden.collection.id}/"]
    counts = []
    for extra in (0, 3):
        for number in range(extra):
            make_document(garden.collection, f"more-{number}.pdf", DocumentState.READY)
            CollectionFactory(organization=alice.organization)
            AppFactory(organization=alice.organization)
        counts.append([])
        for page in pages:
            with CaptureQueriesContext(
                connection,
            ) as queries:
                assert client.get(page).status_code == 200
            counts[-1].append(len(queries))
    assert counts[0] == counts[1]


@pytest.mark.parametrize(
    ("accepted", "is_packed"),
    [("gzip, br", True), ("br", False), ("", False), ("gzip;q=0", False), ("gzip;q=0.5, br", True)],
)
def test_pages_travel_compressed_to_those_who_accept_it(client, accepted, is_packed):
    page = client.get("/accounts/login/", headers={"accept-encoding": accepted})
    assert ("Content-Encoding" in page.headers) is is_packed
    assert "Accept-Encoding" in page.headers["Vary"]
    body = gzip.decompress(page.content) if is_packed else page.content
    assert b"</html>" in body
    assert int(page.headers["Content-Length"]) == len(page.content)

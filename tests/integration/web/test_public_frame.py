"""An app in frames on websites, and the script that puts them there."""

import pytest
from django.test import Client

from altiplano.studio.models import AppSharing
from tests.factories.runs import make_endpoint
from tests.integration.web.test_pages import body_of, signed_in
from tests.integration.web.visiting import (
    FRAME,
    PAGE,
    addresses_of,
    answer,
    ask,
    frame_of,
    go,
    visitor,
)

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def endpoint(db, valkey_url):
    return make_endpoint(is_demonstration=True)


# --- In a frame -----------------------------------------------------------------------------------


def test_frame_is_allowed_on_the_websites_named_and_nowhere_else(sharing, garden):
    allowed = "frame-ancestors 'self' www.school.example localhost:8671"
    framed = frame_of(visitor())
    for address in (FRAME, framed):
        response = visitor().get(address)
        assert allowed in response["Content-Security-Policy"].split("; ")
        assert "X-Frame-Options" not in response
    page = visitor().get(PAGE)
    assert "frame-ancestors 'none'" in page["Content-Security-Policy"]
    assert page["X-Frame-Options"] == "DENY"
    AppSharing.unscoped.update(domains=[])
    policy = visitor().get(FRAME)["Content-Security-Policy"]
    assert policy.endswith("frame-ancestors 'self'")


def test_frame_sets_no_cookie_and_needs_none(sharing, garden):
    client = Client(enforce_csrf_checks=True)
    framed = frame_of(client)
    run = ask(client, place=framed)
    answer(run, garden)
    for name, (method, address) in addresses_of(run, garden, framed).items():
        wanted = 200 if method == "GET" else 302
        assert go(client, name, method, address) == wanted, name
    by_script = client.post(framed, {"input": "More?"}, headers={"HX-Request": "true"})
    assert by_script.status_code == 201
    assert client.cookies == {}


def test_frame_speaks_the_language_of_the_page_around_it(sharing, garden):
    french = body_of(visitor().get(FRAME, {"lang": "fr-CA"}, headers={"accept-language": "en"}))
    assert '<html lang="fr"' in french
    framed = frame_of(visitor(), lang="fr")
    assert '<html lang="fr"' in body_of(visitor().get(framed, headers={"accept-language": "en"}))
    assert '<html lang="en"' in body_of(visitor().get(FRAME, {"lang": "tlh"}))


@pytest.mark.parametrize("lang", ["", "de", "ar-DZ"])
def test_frame_on_a_page_in_another_language_speaks_the_readers(sharing, garden, lang):
    reader = {"accept-language": "fr-FR,fr;q=0.9,en;q=0.5"}
    assert '<html lang="fr"' in body_of(visitor().get(FRAME, {"lang": lang}, headers=reader))
    theme = visitor().get(FRAME + "theme.json", {"lang": lang}, headers=reader)
    assert theme.json()["close"] == "Fermer la discussion"
    assert "Accept-Language" in theme["Vary"]


def test_source_opened_without_a_script_stands_in_the_frame(sharing, garden):
    client = visitor()
    framed = frame_of(client, lang="fr")
    run = ask(client, place=framed)
    answer(run, garden)
    place = addresses_of(run, garden, framed)["source"][1]
    page = body_of(client.get(place, headers={"accept-language": "en"}))
    assert '<html lang="fr"' in page
    assert "Retour à la réponse" in page
    assert "/accounts/login/" not in page


def test_worn_or_forged_key_begins_anew(sharing, garden):
    framed = frame_of(visitor())
    for forged in (framed[:-3] + "xx/", FRAME + "nothing/"):
        assert visitor().get(forged)["Location"] == FRAME
        assert visitor().post(forged, {"input": "Hello?"}).status_code == 404
        assert visitor().get(forged, headers={"HX-Request": "true"}).status_code == 404


def test_what_is_refused_in_a_frame_is_said_within_it(sharing, garden):
    framed = frame_of(visitor(), lang="fr")
    nobody = f"{framed}runs/00000000-0000-0000-0000-000000000000/"
    refused = [
        visitor().get(nobody),
        visitor().post(FRAME + "nothing/", {"input": "Hello?"}, headers={"accept-language": "fr"}),
    ]
    for response in refused:
        page = response.content.decode()
        assert response.status_code == 404
        assert "frame-ancestors 'self' www.school.example" in response["Content-Security-Policy"]
        assert "X-Frame-Options" not in response
        assert '<html lang="fr"' in page
        assert "Nouvelle conversation" in page
        assert "<header" not in page
        assert "/accounts/login/" not in page
    assert visitor().get(PAGE + "runs/nothing/")["X-Frame-Options"] == "DENY"


def test_signed_in_member_is_a_visitor_in_the_frame(alice, sharing, garden):
    client = signed_in(alice)
    run = ask(client, place=frame_of(client))
    assert run.user_id is None


# --- The widget -----------------------------------------------------------------------------------


def test_script_is_small_public_and_asked_for_again_by_its_mark(db):
    first = visitor().get("/widget.js")
    assert first.status_code == 200
    assert first["Content-Type"] == "text/javascript; charset=utf-8"
    assert len(first.content) < 8 * 1024
    assert "must-revalidate" in first["Cache-Control"]
    assert first["Cross-Origin-Resource-Policy"] == "cross-origin"
    again = visitor().get("/widget.js", headers={"If-None-Match": first["ETag"]})
    assert again.status_code == 304


def test_theme_is_told_to_allowed_websites_alone_and_never_with_cookies(sharing, garden):
    AppSharing.unscoped.update(accent="plum", title="Ask the garden")
    address = FRAME + "theme.json"
    allowed = visitor().get(address, headers={"origin": "https://www.school.example"})
    assert allowed["Access-Control-Allow-Origin"] == "https://www.school.example"
    assert "Access-Control-Allow-Credentials" not in allowed
    assert "Origin" in allowed["Vary"]
    assert allowed.json()["title"] == "Ask the garden"
    french = visitor().get(address + "?lang=fr", headers={"origin": "http://localhost:8671"})
    assert french.json()["close"] == "Fermer la discussion"
    for origin in ("https://evil.example", "null", "https://www.school.example.evil.example"):
        refused = visitor().get(address, headers={"origin": origin})
        assert refused.status_code == 404
        assert "Access-Control-Allow-Origin" not in refused

"""The pages of legal texts and consents, and the ways from a gate to them and back."""

import pytest
from asgiref.sync import async_to_sync
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from altiplano.accounts.consent_models import Consent, LegalText
from altiplano.accounts.interfaces import consent_files
from altiplano.accounts.models import Role
from tests.cast import make_member
from tests.factories.accounts import UserFactory
from tests.factories.legal import accept, publish_text
from tests.factories.runs import publish_app

pytestmark = pytest.mark.django_db


def signed_in(member) -> Client:
    client = Client()
    client.force_login(member.user)
    return client


@pytest.fixture
def owner(alice) -> Client:
    return signed_in(alice)


def form_of(version, language: str = "en", **more: str) -> dict[str, str]:
    text = LegalText.objects.get(version=version, language=language)
    return {"capacity": "director", "has_authority": "on", "sha256": text.sha256} | more


def give_address(version, next_address: str = "") -> str:
    address = f"/organization/consents/give/{version.document.slug}/{version.number}/"
    return f"{address}?next={next_address}" if next_address else address


def test_publishing_leads_to_the_consent_and_back(owner, alice):
    app = publish_app(alice.organization)
    version = publish_text()
    publish = f"/apps/{app.id}/publish/"
    way = owner.post(publish, headers={"referer": f"http://testserver{publish}"})
    assert way.status_code == 302
    assert way["Location"] == f"/organization/consents/?next=%2Fapps%2F{app.id}%2Fpublish%2F"
    page = owner.get(way["Location"])
    (line,) = page.context["missing"]
    answer = owner.post(line["address"], form_of(version))
    assert answer["Location"] == publish
    assert owner.post(publish).status_code == 302
    assert Consent.unscoped.get().capacity == "director"


def test_other_doors_are_gated_alike(alice, owner):
    app = publish_app(alice.organization)
    publish_text()
    opened = owner.post(f"/apps/{app.id}/share/open/")
    assert opened["Location"].startswith("/organization/consents/?next=")
    answer = alice.api.post(
        f"/api/v1/apps/{app.id}/publish", {"version": 1}, content_type="application/json"
    )
    assert answer.status_code == 403
    problem = answer.json()
    assert problem["code"] == "consent_needed"
    assert (problem["document"], problem["version"]) == ("acceptable-use", 1)
    assert (problem["language"], problem["url"]) == ("en", "/legal/acceptable-use/1/")
    assert "“Acceptable use”, version 1 (English)" in problem["detail"]
    assert len(problem["missing"]) == 1
    withdrawn = alice.api.delete(f"/api/v1/apps/{app.id}/publish")
    assert withdrawn.status_code == 200  # taking an app back needs nothing


def test_builder_learns_whom_to_ask(alice, bob):
    version = publish_text()
    page = signed_in(bob).get("/organization/consents/").content.decode()
    assert "Alice" in page
    assert give_address(version) not in page
    assert signed_in(bob).get(give_address(version)).status_code == 403


@pytest.mark.parametrize(
    "elsewhere",
    ["https://evil.example/", "//evil.example/", "javascript:alert(1)", "/\\evil.example"],
)
def test_way_back_leads_nowhere_else(owner, elsewhere):
    version = publish_text()
    page = owner.get("/organization/consents/", {"next": elsewhere})
    (line,) = page.context["missing"]
    assert (page.context["next"], line["address"]) == ("", give_address(version))
    answer = owner.post(give_address(version, elsewhere), form_of(version))
    assert answer["Location"] == "/organization/consents/"


def test_way_goes_on_only_when_nothing_else_is_missing(owner):
    first, second = publish_text("one"), publish_text("two")
    answer = owner.post(give_address(first, "/apps/"), form_of(first))
    assert answer["Location"] == "/organization/consents/?next=%2Fapps%2F"
    answer = owner.post(give_address(second, "/apps/"), form_of(second))
    assert answer["Location"] == "/apps/"


def test_form_says_what_is_wrong_and_accepts_nothing(owner):
    version = publish_text()
    for wrong, words in (
        ({"capacity": ""}, "This field is required."),
        ({"has_authority": ""}, "Say that you may bind your organization"),
        ({"sha256": "0" * 64}, "This is not the text that you have read"),
    ):
        answer = owner.post(give_address(version), form_of(version, **wrong))
        assert answer.status_code == 400
        assert words in answer.content.decode()
    assert not Consent.unscoped.exists()


def test_text_is_accepted_in_the_language_in_which_it_was_read(owner):
    version = publish_text()
    page = owner.get(give_address(version) + "?language=fr").content.decode()
    assert "Ne trompez pas." in page
    answer = owner.post(give_address(version) + "?language=fr", form_of(version, "fr"))
    assert answer.status_code == 302
    assert Consent.unscoped.get().legal_text.language == "fr"


def test_withdrawal_is_asked_first_and_stays_on_record(owner, alice):
    consent = accept(alice.principal, publish_text())
    address = f"/organization/consents/{consent.id}/withdraw/"
    assert "stays on record" in owner.get(address).content.decode()
    assert not Consent.unscoped.filter(withdrawn_at__isnull=False).exists()
    assert owner.post(address).status_code == 302
    page = owner.get("/organization/consents/")
    assert len(page.context["missing"]) == 1
    assert len(page.context["page"].object_list) == 1


def text_of(answer) -> str:
    """What a download sent."""

    async def read() -> bytes:
        return b"".join([part async for part in answer.streaming_content])

    return async_to_sync(read)().decode("utf-8-sig")


def test_file_comes_in_pieces_without_losing_or_repeating_a_line(owner, alice, monkeypatch):
    monkeypatch.setattr(consent_files, "CONSENTS_AT_ONCE", 2)
    for number in range(5):
        accept(alice.principal, publish_text(added=f" {number}."))
    lines = text_of(owner.get("/organization/consents/consents.csv")).splitlines()[1:]
    assert [line.split(",")[3] for line in lines] == ["5", "4", "3", "2", "1"]


def test_file_holds_every_consent_and_no_formula(owner, alice):
    consent = accept(alice.principal, publish_text(), capacity="=HYPERLINK(1)")
    answer = owner.get("/organization/consents/consents.csv")
    assert answer["Content-Type"] == "text/csv; charset=utf-8"
    head, line = text_of(answer).splitlines()
    assert head.startswith("Organization,Document,Title,Version")
    assert consent.sha256 in line
    assert "'=HYPERLINK(1)" in line


def test_everybody_reads_every_version_and_what_changed(client):
    publish_text()
    publish_text(added=" Never.", requires_reconsent=False)
    assert "Acceptable use" in client.get("/legal/").content.decode()
    current = client.get("/legal/acceptable-use/").content.decode()
    assert "Never." in current
    old = client.get("/legal/acceptable-use/1/").content.decode()
    assert "This version is no longer in force." in old
    assert "Never." not in old
    changes = client.get("/legal/acceptable-use/2/changes/")
    assert changes.context["changed"] == 1
    shown = changes.content.decode()
    assert "<ins>" in shown
    assert "[added:]" in shown  # told by words, too, and not by colour alone
    french = client.get("/legal/acceptable-use/2/?language=fr").content.decode()
    assert "Ne trompez pas." in french


@pytest.mark.parametrize("address", [
    "/legal/draft-only/", "/legal/acceptable-use/0/", "/legal/acceptable-use/2/",
    "/legal/acceptable-use/x/", "/legal/acceptable-use/٢/", "/legal/acceptable-use/99999999999/",
    "/legal/acceptable-use/1/changes/", "/legal/acceptable-use/1/xx.txt",
    "/legal/acceptable-use/1/changes/?from=7",
])  # fmt: skip
def test_what_is_not_public_is_not_there(client, address):
    from altiplano.accounts.consent_models import LegalDocument
    from altiplano.accounts.domain.legal import begin_version

    version = publish_text()
    begin_version(document=version.document, actor=None)
    draft = LegalDocument.objects.create(slug="draft-only", kind="rules")
    begin_version(document=draft, actor=None)
    assert client.get(address).status_code == 404


def test_markup_in_a_text_stays_words(client):
    publish_text(added="\n\n<script>alert(1)</script> [x](javascript:alert(1))")
    page = client.get("/legal/acceptable-use/").content.decode()
    assert "<script>alert" not in page
    assert 'href="javascript' not in page


def test_pages_cost_the_same_however_much_there_is(owner, alice):
    def queries() -> list[int]:
        counts = []
        for address in ("/legal/", "/organization/consents/", "/home/"):
            with CaptureQueriesContext(connection) as captured:
                assert owner.get(address).status_code == 200
            counts.append(len(captured))
        return counts

    accept(alice.principal, publish_text("one"))
    publish_text("two")
    few = queries()
    for number in range(5):
        accept(alice.principal, publish_text("one", added=f" {number}."))
        publish_text(f"more-{number}")
    assert queries() == few


def test_program_reads_texts_and_an_owners_page_accepts_them(alice, bob, client):
    version = publish_text()
    (document,) = client.get("/api/v1/legal").json()
    (shown,) = document["versions"]
    text = next(each for each in shown["texts"] if each["language"] == "en")
    assert client.get(text["url"]).status_code == 200
    assert shown["is_in_force"] is True
    body = {
        "document": "acceptable-use",
        "version": 1,
        "language": "en",
        "sha256": text["sha256"],
        "capacity": "director",
        "has_authority": True,
    }

    def post(sender, **wrong):
        return sender.post(
            "/api/v1/organization/consents", body | wrong, content_type="application/json"
        )

    assert post(alice.api).status_code == 403  # a key cannot bind an organization
    assert post(signed_in(bob)).status_code == 403
    owner = signed_in(alice)
    assert post(owner, has_authority=False).status_code == 422
    assert post(owner, language="es").status_code == 404
    assert post(owner, sha256="0" * 64).status_code == 409
    given = post(owner)
    assert given.status_code == 201
    assert given.json()["person"] == alice.user.email
    assert post(owner).json()["id"] == given.json()["id"]
    (listed,) = bob.api.get("/api/v1/organization/consents").json()
    assert listed == given.json()
    assert Consent.unscoped.get().legal_text.version == version


def test_history_tells_of_consents(owner, alice):
    accept(alice.principal, publish_text())
    entries = owner.get("/organization/history/", {"what": "consents"}).context["entries"]
    assert [each.sentence for each in entries] == [
        "alice@example.org accepted “Acceptable use”, version 1, in the capacity of director."
    ]


def test_staff_find_and_download_consents_and_publish_drafts(alice):
    consent = accept(alice.principal, publish_text())
    staff = Client()
    staff.force_login(UserFactory(is_staff=True, is_superuser=True))
    page = "/admin/accounts/consent/"
    assert alice.organization.name in staff.get(page).content.decode()
    chosen = {"action": "download", "_selected_action": str(consent.id)}
    answer = staff.post(page, chosen)
    assert answer["Content-Type"] == "text/csv; charset=utf-8"
    assert consent.sha256 in text_of(answer)


def test_second_owner_sees_what_the_first_accepted(alice):
    accept(alice.principal, publish_text())
    dora = make_member(alice.organization, Role.OWNER, "Dora")
    page = signed_in(dora).get("/organization/consents/").content.decode()
    assert "Alice" in page
    assert "director" in page


def test_languages_are_named_in_the_readers_language(client):
    publish_text()
    client.cookies["django_language"] = "fr"
    page = client.get("/legal/acceptable-use/").content.decode()
    assert "<strong>français</strong>" in page

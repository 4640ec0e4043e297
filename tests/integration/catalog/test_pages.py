"""The pages about plugins: what they say, who may do what, and what they cost."""

from datetime import timedelta

import pytest
from django.db import connection
from django.test.client import BOUNDARY, MULTIPART_CONTENT, encode_multipart
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from altiplano.accounts.models import AuditEvent
from altiplano.catalog.domain.installing import GrantWish, install_package
from altiplano.catalog.domain.quarantine import rest_plugin
from altiplano.catalog.domain.secrets import open_secrets
from altiplano.catalog.package_models import (
    AuthorKey,
    CheckStep,
    Installation,
    PackageConcern,
    PackageRelease,
    PackageState,
)
from altiplano.catalog.quarantine_models import Quarantine
from tests.factories.archives import Author, write_archive
from tests.factories.packages import (
    InstallationFactory,
    PackageReleaseFactory,
    QuarantineFactory,
    make_package,
    publish,
)
from tests.factories.studio import report_all_plugins

pytestmark = pytest.mark.django_db

WISHES = {
    "network_hosts": ["api.example.org"],
    "model_use": True,
    "secrets": ["DICTIONARY_KEY"],
    "storage_bytes": 1024 * 1024,
}
REPORT = {
    "passed": 42,
    "failed": [],
    "speed": {"p50_ms": 0.4, "p95_ms": 1.5},
    "memory": {"peak_bytes": 5_000_000},
    "effect": {"hard_words_explained": {"without": 0.1, "with": 0.9}},
}


@pytest.fixture(autouse=True)
def places(settings, tmp_path):
    settings.BLOB_ROOT = tmp_path / "blobs"


def page(client, address: str, status: int = 200) -> str:
    response = client.get(address)
    assert response.status_code == status, address
    return response.content.decode()


def cost_of(client, address: str) -> int:
    with CaptureQueriesContext(connection) as queries:
        page(client, address)
    return len(queries)


def test_catalogue_says_in_plain_words_what_a_plugin_may_touch(vera):
    report_all_plugins()
    publish("glossary-guard", manifest_changes={"grants": WISHES}, conformance=REPORT)
    shown = page(vera.browser, "/plugins/")
    assert "Sends data to api.example.org" in shown
    assert "Asks the app&#x27;s language model" in shown
    assert "Keeps up to 1 MB of its own data" in shown.replace("\xa0", " ")
    assert "0.4 ms a call" in shown.replace("\xa0", " ")
    assert "Install<" not in shown, "only owners install"
    assert "Built in" in shown


def test_catalogue_shows_nothing_that_nobody_published(alice, charlie):
    make_package(alice.organization)
    assert "glossary-guard" not in page(charlie.browser, "/plugins/")
    assert "glossary-guard" not in page(alice.browser, "/plugins/")
    page(charlie.browser, "/plugins/glossary-guard/", 404)
    assert "0.9.0 was recalled" in page(alice.browser, "/plugins/glossary-guard/")


@pytest.mark.parametrize(
    ("query", "is_found"),
    [("q=GLOSS", True), ("q=explains", True), ("q=zebra", False), ("kind=guard", True),
     ("kind=tool", False), ("kind=%27", True)],
)  # fmt: skip
def test_catalogue_is_searched_by_words_and_kind(alice, query, is_found):
    publish("glossary-guard")
    assert ("/plugins/glossary-guard/" in page(alice.browser, f"/plugins/?{query}")) is is_found


def test_card_tells_figures_releases_and_users(alice, charlie):
    release = publish(
        "glossary-guard", conformance=REPORT, manifest_changes={"personal_data": True}
    )
    InstallationFactory(organization=charlie.organization, release=release)
    shown = " ".join(page(alice.browser, "/plugins/glossary-guard/").split())
    assert "1 organization" in shown
    assert "42" in shown
    assert "It may store or send personal data." in shown
    assert "hard words explained" in shown
    assert release.digest in shown
    assert charlie.organization.name not in shown


def test_owner_installs_with_the_rights_they_choose(alice, bob):
    publish("glossary-guard", manifest_changes={"grants": WISHES})
    page(bob.browser, "/plugins/glossary-guard/install/", 403)
    form = page(alice.browser, "/plugins/glossary-guard/install/")
    assert "It sees each question, its passages and the answer." in form
    browser = alice.browser
    browser.handler.enforce_csrf_checks = False
    answer = browser.post(
        "/plugins/glossary-guard/install/",
        {"host.api.example.org": "on", "secret.DICTIONARY_KEY": "s3cret", "model_use": ""},
    )
    assert answer.status_code == 302
    installation = Installation.unscoped.get()
    assert installation.granted["network_hosts"] == ["api.example.org"]
    assert installation.granted["model_use"] is False
    assert installation.granted["storage_bytes"] == 0
    assert open_secrets(installation.sealed_secrets) == {"DICTIONARY_KEY": "s3cret"}
    for address in ("/plugins/glossary-guard/", "/plugins/glossary-guard/grants/"):
        assert "s3cret" not in page(browser, address)


def test_rights_are_changed_and_an_empty_secret_keeps_its_value(alice):
    publish("glossary-guard", manifest_changes={"grants": WISHES})
    wish = GrantWish(secrets={"DICTIONARY_KEY": "old"})
    install_package(principal=alice.principal, slug="glossary-guard", wish=wish)
    browser = alice.browser
    browser.handler.enforce_csrf_checks = False
    browser.post("/plugins/glossary-guard/grants/", {"storage": "on", "secret.DICTIONARY_KEY": ""})
    installation = Installation.unscoped.get()
    assert installation.granted["storage_bytes"] == 1024 * 1024
    assert open_secrets(installation.sealed_secrets) == {"DICTIONARY_KEY": "old"}
    browser.post("/plugins/glossary-guard/switch/", {"do": "off"})
    assert "switched off" in page(browser, "/plugins/mine/installed/")
    refused = browser.post("/plugins/glossary-guard/uninstall/", {"name": "no"})
    assert refused.status_code == 400
    asked = " ".join(refused.content.decode().split())
    assert "> Uninstall </button>" in asked
    assert "This is not the name. Nothing was changed." in asked
    browser.post("/plugins/glossary-guard/uninstall/", {"name": "glossary-guard"})
    assert not Installation.unscoped.exists()


def test_concern_reaches_the_staff_and_not_the_author(vera, charlie):
    publish("glossary-guard")
    browser = vera.browser
    browser.handler.enforce_csrf_checks = False
    assert browser.post("/plugins/glossary-guard/", {"text": ""}).status_code == 400
    browser.post("/plugins/glossary-guard/", {"text": "It <b>shouts</b>."})
    assert PackageConcern.unscoped.get().text == "It <b>shouts</b>."
    assert "shouts" not in page(charlie.browser, "/plugins/glossary-guard/")


def test_author_uploads_by_the_page_and_reads_why_a_file_is_refused(alice, bob, tmp_path):
    author = Author()
    browser = alice.browser
    browser.handler.enforce_csrf_checks = False
    answer = browser.post("/plugins/mine/keys/", {"name": "Laptop", "public_key": author.public})
    assert answer.status_code == 302
    assert AuthorKey.unscoped.get().organization == alice.organization
    builder = bob.browser
    builder.handler.enforce_csrf_checks = False
    broken = tmp_path / "broken.altiplano"
    broken.write_bytes(b"no package")
    with broken.open("rb") as file:
        refused = builder.post("/plugins/mine/", {"file": file})
    assert refused.status_code == 400
    assert 'class="findings"' in refused.content.decode()
    with write_archive(tmp_path, author=author).open("rb") as file:
        answer = builder.post("/plugins/mine/", {"file": file})
    assert answer["Location"] == "/plugins/mine/packages/glossary-guard/"
    assert "being checked" in page(builder, answer["Location"])


def test_lists_cost_the_same_however_full(alice):
    report_all_plugins()

    def fill(number: int) -> None:
        release = publish(f"words-{number}", manifest_changes={"grants": WISHES})
        InstallationFactory(organization=alice.organization, release=release)
        own = publish(f"own-{number}")
        own.package.owner = alice.organization
        own.package.save()
        PackageReleaseFactory(package=own.package, version="2.0.0", state=PackageState.REFUSED)
        AuthorKey.unscoped.create(
            organization=alice.organization, name=str(number), public_key="0" * 64,
            fingerprint=f"{number:016}", created_by=alice.user,
        )  # fmt: skip

    addresses = (
        "/plugins/", "/plugins/mine/installed/", "/plugins/mine/", "/plugins/mine/keys/", "/home/",
    )  # fmt: skip
    fill(1)
    few = {address: cost_of(alice.browser, address) for address in addresses}
    for number in (2, 3, 4):
        fill(number)
    assert {address: cost_of(alice.browser, address) for address in addresses} == few


def test_draft_is_uploaded_and_attached_by_the_api(bob, tmp_path):
    report_all_plugins()
    app = bob.api.post(
        "/api/v1/apps", {"name": "Trial", "template": "chat"}, content_type="application/json"
    ).json()
    path = write_archive(tmp_path)

    def put(slug: str, **query: str):
        with path.open("rb") as file:
            body = encode_multipart(BOUNDARY, {"file": file})
        return bob.api.put(
            f"/api/v1/plugins/drafts/{slug}",
            body,
            content_type=MULTIPART_CONTENT,
            query_params=query,
        )

    told = put("glossary-guard", app=app["slug"])
    assert told.status_code == 200, told.content
    assert (told.json()["state"], told.json()["app"]) == ("draft", app["slug"])
    stages = [*app["draft"]["pipeline"], {"kind": "guard", "plugin": "glossary-guard"}]
    changed = bob.api.patch(
        f"/api/v1/apps/{app['id']}", {"pipeline": stages}, content_type="application/json"
    )
    assert changed.status_code == 200, changed.content
    frozen = bob.api.post(f"/api/v1/apps/{app['id']}/versions")
    assert (frozen.status_code, frozen.json()["code"]) == (409, "draft_not_ready")
    assert put("another-name").status_code == 400
    assert put("glossary-guard", app="nowhere").status_code == 404
    assert bob.api.delete("/api/v1/plugins/drafts/glossary-guard").status_code == 204


def test_refused_file_is_told_with_its_findings(alice, tmp_path):
    path = tmp_path / "x.altiplano"
    path.write_bytes(b"PK no package")
    with path.open("rb") as file:
        told = alice.api.post("/api/v1/plugins/releases", {"file": file})
    assert (told.status_code, told.json()["code"]) == (400, "package_refused")
    assert {"rule", "severity", "file", "line", "message", "hint"} <= told.json()["findings"][
        0
    ].keys()


def test_installed_plugins_are_listed_for_programs(alice, charlie):
    release = publish("glossary-guard")
    InstallationFactory(organization=alice.organization, release=release)
    listed = [
        each for each in alice.api.get("/api/v1/plugins").json() if each["source"] == "installed"
    ]
    assert [(each["kind"], each["plugin"], each["state"]) for each in listed] == [
        ("guard", "glossary-guard", "active")
    ]
    assert listed[0]["config_schema"]["properties"]["words"]
    assert charlie.api.get("/api/v1/plugins").json() == []


def test_author_follows_the_checks_and_cancels_them(alice):
    release = PackageReleaseFactory(
        package__owner=alice.organization,
        state=PackageState.CHECKING,
        check_step=CheckStep.SUITES,
        checks_done=7,
        checks_total=31,
    )
    address = f"/plugins/mine/packages/{release.package.slug}/"
    whole = page(alice.browser, address)
    part = alice.browser.get(address, headers={"HX-Request": "true"}).content.decode()
    for shown in (whole, part):
        words = " ".join(shown.split())
        assert '<li aria-current="step"> Tests run in the sandbox' in words
        assert '<progress max="31" value="7"' in words
        assert "7 of 31" in words
        assert "Cancel the checks" in words
        assert f'href="{address}"' in words, "a reload is the way without a script"
    assert "<html" not in part
    browser = alice.browser
    browser.handler.enforce_csrf_checks = False
    browser.post(f"/plugins/mine/releases/{release.id}/withdraw/")
    after = page(alice.browser, address)
    assert "data-moving" not in after
    assert "check-steps" not in after


def test_program_hears_how_far_the_checks_are(alice):
    release = PackageReleaseFactory(
        package__owner=alice.organization, state=PackageState.CHECKING, check_step=CheckStep.CODE
    )
    address = f"/api/v1/plugins/releases/{release.id}"
    told = alice.api.get(address).json()
    assert told["checking"] == {"step": "code", "done": 0, "total": 0}
    PackageRelease.unscoped.filter(id=release.id).update(state=PackageState.IN_REVIEW)
    assert alice.api.get(address).json()["checking"] is None


def test_page_says_that_a_plugin_is_left_alone_and_an_owner_has_it_tried_again(alice, bob, charlie):
    release = publish("glossary-guard")
    for member in (alice, charlie):
        InstallationFactory(organization=member.organization, release=release)
    theirs = {"package": release.package, "digest": release.digest}
    QuarantineFactory(organization=alice.organization, **theirs)
    kept = QuarantineFactory(organization=charlie.organization, **theirs)
    shown = " ".join(page(alice.browser, "/plugins/glossary-guard/").split())
    assert "Version 1.0.0 is left alone: its process stopped 5 times in a row." in shown
    assert "What befell it last: it stopped unexpectedly." in shown
    assert "stopped too often and is left alone" in page(alice.browser, "/home/")
    assert "Try again" not in page(bob.browser, "/plugins/glossary-guard/")
    browser = alice.browser
    browser.handler.enforce_csrf_checks = False
    for _ in range(2):
        answer = browser.post("/plugins/glossary-guard/try-again/")
        assert answer["Location"] == "/plugins/glossary-guard/"
    assert "left alone" not in page(alice.browser, "/plugins/glossary-guard/")
    assert list(Quarantine.unscoped.all()) == [kept], "another organization's stays as it is"
    events = AuditEvent.objects.filter(action="plugin.tried_again")
    assert [event.organization_id for event in events] == [alice.organization.id]


def test_what_rested_long_enough_is_not_shown_and_is_told_once(alice):
    release = publish("glossary-guard")
    InstallationFactory(organization=alice.organization, release=release)
    QuarantineFactory(
        organization=alice.organization,
        package=release.package,
        digest=release.digest,
        until=timezone.now() - timedelta(seconds=1),
    )
    assert "left alone" not in page(alice.browser, "/plugins/glossary-guard/")
    for _ in range(2):
        rest_plugin(
            organization_id=alice.organization.id,
            digest=release.digest,
            crashes=5,
            because="asked for more than it may",
            seconds=600,
        )
    row = Quarantine.objects.within(alice.organization.id).get()
    assert row.because == "asked for more than it may"
    assert AuditEvent.objects.filter(action="plugin.quarantined").count() == 1

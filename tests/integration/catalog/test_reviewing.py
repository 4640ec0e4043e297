"""What staff see and decide about releases, and what nobody uses any more."""

import os
import time

import pytest
from django.test import Client

from altiplano.accounts.models import AuditEvent, User
from altiplano.catalog.archives import archive_path
from altiplano.catalog.domain.author_keys import revoke_key
from altiplano.catalog.domain.orphans import remove_unused_packages
from altiplano.catalog.domain.storing import Store, StoreFullError, StoreKeyError
from altiplano.catalog.domain.uploading import receive_release
from altiplano.catalog.package_models import (
    Installation,
    Package,
    PackageConcern,
    PackageRelease,
    PackageState,
)
from altiplano.catalog.review import review_of
from tests.factories.archives import GUARD, Author, write_archive
from tests.factories.packages import (
    InstallationFactory,
    PackageFactory,
    PackageReleaseFactory,
    publish,
)

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def places(settings, tmp_path):
    settings.BLOB_ROOT = tmp_path / "blobs"
    settings.PLUGIN_ROOT = tmp_path / "plugins"


@pytest.fixture
def operator(db) -> User:
    return User.objects.create_superuser("operator@example.org")


@pytest.fixture
def desk(operator) -> Client:
    client = Client()
    client.force_login(operator)
    return client


@pytest.fixture
def author(alice) -> Author:
    author = Author()
    author.known_to(alice.principal)
    return author


def operate(desk: Client, release: PackageRelease, name: str, **data: str):
    return desk.post(
        "/admin/catalog/packagerelease/",
        {"action": name, "_selected_action": str(release.id), "confirmed": name, **data},
        follow=True,
    )


def send(alice, author, folder, **package) -> PackageRelease:
    path = write_archive(folder, author=author, **package)
    release = receive_release(principal=alice.principal, file=path)
    PackageRelease.unscoped.filter(id=release.id).update(state=PackageState.IN_REVIEW)
    release.refresh_from_db()
    return release


def test_reviewer_sees_what_changed_and_what_is_asked_for_anew(alice, author, desk, tmp_path):
    first = send(alice, author, tmp_path)
    operate(desk, first, "publish")
    second = send(
        alice, author, tmp_path, version="1.1.0", code=GUARD.replace("(explained)", "<b>new</b>"),
        grants={"model_use": True}, extra={"code/glossary_guard/more.py": b"WORDS = 1\n"},
    )  # fmt: skip
    review = review_of(second)
    assert [touch.field for touch in review.asks_anew] == ["model_use"]
    assert {change.name for change in review.fields} >= {"version", "grants"}
    changes = {change.path: change for change in review.files}
    assert changes["code/glossary_guard/more.py"].change == "added"
    lines = [line.text for line in changes["code/glossary_guard/__init__.py"].lines]
    assert any(line.startswith("+") and "<b>new</b>" in line for line in lines)
    shown = desk.get(f"/admin/catalog/packagerelease/{second.id}/change/").content.decode()
    assert "&lt;b&gt;new&lt;/b&gt;" in shown
    assert "<b>new</b>" not in shown


def test_reviewer_reads_the_manifest_and_the_code_first(alice, author, tmp_path):
    paths = [each.path for each in review_of(send(alice, author, tmp_path)).files]
    assert paths[:2] == ["altiplano-plugin.toml", "code/glossary_guard/__init__.py"]
    assert "LICENSE" in paths[2:]


def test_published_release_is_offered_and_its_recall_is_felt_everywhere(
    alice, charlie, author, desk, tmp_path
):
    release = send(alice, author, tmp_path)
    operate(desk, release, "publish")
    package = Package.unscoped.get()
    assert package.current == release
    InstallationFactory(organization=charlie.organization, release=release)
    refused = operate(desk, release, "recall")
    release.refresh_from_db()
    assert release.state == PackageState.PUBLISHED, "a recall says why"
    assert refused.status_code in (200, 400)
    operate(desk, release, "recall", reason="It leaks.")
    package.refresh_from_db()
    assert package.current is None
    home = charlie.browser.get("/home/").content.decode()
    assert "was recalled" in home
    actions = set(AuditEvent.objects.values_list("action", flat=True))
    assert {"plugin.uploaded", "plugin.published", "plugin.recalled"} <= actions


def test_newest_of_what_is_left_is_offered_after_a_recall(operator, desk):
    old = publish("glossary-guard", "1.9.0")
    new = publish("glossary-guard", "1.10.0")
    operate(desk, new, "recall", reason="It leaks.")
    assert Package.unscoped.get().current == old


def test_rejected_release_tells_its_author_why(alice, author, desk, tmp_path):
    release = send(alice, author, tmp_path)
    operate(desk, release, "reject", reason="It sends too much.")
    assert (
        "It sends too much."
        in alice.browser.get("/plugins/mine/packages/glossary-guard/").content.decode()
    )
    assert "was not accepted" in alice.browser.get("/home/").content.decode()


def test_release_of_a_revoked_key_is_not_published(alice, author, desk, tmp_path):
    release = send(alice, author, tmp_path)
    revoke_key(principal=alice.principal, key_id=release.signed_with_id)
    PackageRelease.unscoped.filter(id=release.id).update(state=PackageState.IN_REVIEW, reason="")
    operate(desk, release, "publish")
    release.refresh_from_db()
    assert release.state == PackageState.IN_REVIEW


def test_overview_counts_what_waits_for_a_decision(alice, desk):
    release = publish("glossary-guard")
    PackageReleaseFactory(package=release.package, version="2.0.0", state=PackageState.IN_REVIEW)
    concern = PackageConcern.unscoped.create(
        organization=alice.organization, package=release.package, text="It shouts."
    )
    shown = desk.get("/admin/").content.decode()
    assert "Plugins that wait for review" in shown
    assert "Concerns about plugins" in shown
    desk.post(
        "/admin/catalog/packageconcern/",
        {"action": "settle", "_selected_action": str(concern.id), "confirmed": "settle",
         "reason": "It was asked to whisper."},
    )  # fmt: skip
    concern.refresh_from_db()
    assert concern.outcome == "It was asked to whisper."


def test_what_a_deleted_organization_never_offered_goes_and_the_rest_stays(
    alice, charlie, author, tmp_path
):
    hidden = send(alice, author, tmp_path)
    offered = publish("hard-words")
    offered.package.owner = alice.organization
    offered.package.save()
    InstallationFactory(organization=charlie.organization, release=offered)
    old = time.time() - 2 * 24 * 3600
    path = archive_path(hidden.id)
    os.utime(path, (old, old))
    alice.organization.delete()
    assert remove_unused_packages() == 2
    assert list(Package.unscoped.values_list("slug", flat=True)) == ["hard-words"]
    assert not path.exists()
    assert Installation.unscoped.count() == 1
    assert remove_unused_packages() == 0


def test_store_holds_what_was_granted_and_not_a_byte_more(alice, charlie):
    package = PackageFactory()
    here = Store(alice.organization.id, package.id, quota=10)
    there = Store(charlie.organization.id, package.id, quota=10)
    here.put("key", b"1234567")
    with pytest.raises(StoreFullError):
        here.put("k", b"")
    here.put("key", b"123")
    here.put("k", b"12")
    assert here.keys("k") == ("k", "key")
    assert there.get("key") is None
    here.delete("key")
    here.delete("key")
    assert here.keys() == ("k",)
    for key in ("", "x" * 201, "a\x00b"):
        with pytest.raises(StoreKeyError):
            here.put(key, b"")

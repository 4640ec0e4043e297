"""A release arrives: whose it is, whether it is signed, and what is refused before anything runs."""

import zipfile
from pathlib import Path

import pytest

from altiplano.accounts.models import AuditEvent
from altiplano.catalog.archives import archive_path, stored_archives
from altiplano.catalog.domain.author_keys import retire_key, revoke_key
from altiplano.catalog.domain.reading import PackageRefusedError
from altiplano.catalog.domain.uploading import KEPT_ENDED, receive_release, withdraw_release
from altiplano.catalog.package_models import (
    Package,
    PackageConcern,
    PackageRelease,
    PackageState,
)
from altiplano.catalog.specs import CheckRelease
from altiplano.kernel.errors import ConflictError, NotAllowedError, NotFoundError
from altiplano.kernel.models import Job, JobState
from tests.factories.archives import Author, write_archive
from tests.factories.packages import PackageReleaseFactory
from tests.factories.studio import report_plugin
from tests.fakes.publisher import published

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def blobs(settings, tmp_path) -> Path:
    settings.BLOB_ROOT = tmp_path / "blobs"
    return settings.BLOB_ROOT


@pytest.fixture
def author(alice) -> Author:
    author = Author()
    author.known_to(alice.principal)
    return author


def upload(member, path: Path) -> PackageRelease:
    return receive_release(principal=member.principal, file=path)


def test_signed_release_is_kept_and_being_checked(
    bob, alice, author, tmp_path, django_capture_on_commit_callbacks
):
    path = write_archive(tmp_path, author=author, grants={"model_use": True})
    published.clear()
    with django_capture_on_commit_callbacks(execute=True):
        release = upload(bob, path)
    assert release.state == PackageState.CHECKING
    assert release.package.owner == alice.organization
    assert archive_path(release.id).read_bytes() == path.read_bytes()
    assert release.manifest["grants"]["model_use"] is True
    assert release.schemas["guard"]["properties"]["suffix"]["maxLength"] == 80
    assert "code/glossary_guard/__init__.py" in release.files
    assert [task for _, task, _ in published] == [CheckRelease.task]
    event = AuditEvent.objects.get(action="plugin.uploaded")
    assert event.data["digest"] == release.digest
    assert event.actor_id == bob.user.id


def test_unsigned_release_is_refused(alice, author, tmp_path):
    with pytest.raises(NotAllowedError) as refused:
        upload(alice, write_archive(tmp_path))
    assert refused.value.code == "not_signed"
    (finding,) = refused.value.extra["findings"]
    assert finding["rule"] == "ALT412"
    assert list(stored_archives()) == []


def test_key_of_another_organization_signs_nothing_here(alice, charlie, tmp_path):
    stranger = Author()
    stranger.known_to(charlie.principal)
    with pytest.raises(NotAllowedError) as refused:
        upload(alice, write_archive(tmp_path, author=stranger))
    assert refused.value.code == "unknown_key"
    (finding,) = refused.value.extra["findings"]
    assert finding["rule"] == "ALT412"
    assert "keys in the portal" in finding["hint"]


def test_retired_key_signs_nothing_new_and_the_next_one_does(alice, author, tmp_path):
    first = upload(alice, write_archive(tmp_path, author=author))
    retire_key(principal=alice.principal, key_id=first.signed_with_id)
    first.refresh_from_db()
    assert first.state == PackageState.CHECKING
    other = write_archive(tmp_path, "hard-words", author=author)
    with pytest.raises(NotAllowedError):
        upload(alice, other)
    successor = Author()
    successor.known_to(alice.principal, "Desk")
    assert upload(alice, write_archive(tmp_path, "hard-words", author=successor))


def test_revoked_key_takes_what_waits_with_it_and_tells_staff_of_what_is_out(
    alice, author, tmp_path
):
    waiting = upload(alice, write_archive(tmp_path, author=author))
    out = PackageReleaseFactory(
        package__owner=alice.organization, signed_with_id=waiting.signed_with_id
    )
    revoke_key(principal=alice.principal, key_id=waiting.signed_with_id)
    waiting.refresh_from_db()
    out.refresh_from_db()
    assert waiting.state == PackageState.REFUSED
    assert "revoked" in waiting.reason
    assert Job.objects.get(subject_id=waiting.id).state == JobState.CANCELLED
    assert out.state == PackageState.PUBLISHED
    assert PackageConcern.unscoped.get().package == out.package


def test_contents_that_are_not_what_was_signed_are_refused(alice, author, tmp_path):
    signed = write_archive(tmp_path, author=author)
    with zipfile.ZipFile(signed) as archive:
        signature = archive.read("signature.json")
    changed = write_archive(
        tmp_path, code="class Guard: ...\n", extra={"signature.json": signature}
    )
    with pytest.raises(PackageRefusedError) as refused:
        upload(alice, changed)
    assert refused.value.findings[0].file == "signature.json"


@pytest.mark.parametrize("content", [b"", b"PK\x03\x04", b"#!/bin/sh\nid\n"])
def test_file_that_is_no_package_is_refused_with_a_finding(alice, author, tmp_path, content):
    path = tmp_path / "x.altiplano"
    path.write_bytes(content)
    with pytest.raises(PackageRefusedError) as refused:
        upload(alice, path)
    assert refused.value.findings
    assert not Package.unscoped.exists()


def test_ids_of_built_ins_and_of_others_are_refused(alice, charlie, author, tmp_path):
    report_plugin("guard", "citations")
    with pytest.raises(ConflictError) as reserved:
        upload(alice, write_archive(tmp_path, "citations", author=author))
    assert reserved.value.code == "id_reserved"
    upload(alice, write_archive(tmp_path, author=author))
    theirs = Author()
    theirs.known_to(charlie.principal)
    with pytest.raises(ConflictError) as taken:
        upload(charlie, write_archive(tmp_path, author=theirs))
    assert taken.value.code == "id_taken"
    assert len(list(stored_archives())) == 1


def test_version_is_used_once_and_grows(alice, author, tmp_path):
    PackageReleaseFactory(
        package__slug="glossary-guard", package__owner=alice.organization, version="1.2.0"
    )
    for version, code in (("1.2.0", "version_taken"), ("1.1.9", "version_not_newer")):
        with pytest.raises(ConflictError) as refused:
            upload(alice, write_archive(tmp_path, version=version, author=author))
        assert refused.value.code == code
    upload(alice, write_archive(tmp_path, version="1.10.0", author=author))
    with pytest.raises(ConflictError) as waiting:
        upload(alice, write_archive(tmp_path, version="1.11.0", author=author))
    assert waiting.value.code == "release_waiting"


def test_withdrawn_release_stops_its_checks_and_frees_its_number(alice, charlie, author, tmp_path):
    path = write_archive(tmp_path, author=author)
    release = upload(alice, path)
    with pytest.raises(NotFoundError):
        withdraw_release(principal=charlie.principal, release_id=release.id)
    withdraw_release(principal=alice.principal, release_id=release.id)
    assert Job.objects.get(subject_id=release.id).state == JobState.CANCELLED
    with pytest.raises(ConflictError):
        withdraw_release(principal=alice.principal, release_id=release.id)
    assert upload(alice, path).version == "1.0.0"


def test_only_the_latest_of_what_went_no_further_is_kept(
    alice, author, tmp_path, django_capture_on_commit_callbacks
):
    path = write_archive(tmp_path, author=author)
    for _ in range(KEPT_ENDED + 2):
        with django_capture_on_commit_callbacks(execute=True):
            release = upload(alice, path)
        withdraw_release(principal=alice.principal, release_id=release.id)
    upload(alice, path)
    ended = PackageRelease.unscoped.filter(state=PackageState.WITHDRAWN)
    assert ended.count() == KEPT_ENDED
    assert release in ended
    assert len(list(stored_archives())) <= KEPT_ENDED + 2


def test_viewer_uploads_nothing(vera, author, tmp_path):
    with pytest.raises(NotAllowedError):
        upload(vera, write_archive(tmp_path, author=author))

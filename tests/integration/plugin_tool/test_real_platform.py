"""The author's tool and the platform's own routes understand each other."""

import io
from dataclasses import replace
from http.client import HTTPResponse
from types import SimpleNamespace
from typing import Any

import pytest

from altiplano.catalog.package_models import PackageRelease, PackageState
from altiplano_sdk import StageKind
from altiplano_sdk.cli.client import Platform, PlatformError
from altiplano_sdk.cli.scaffold import write_scaffold
from altiplano_sdk.packaging.keys import create_key
from altiplano_sdk.packaging.packing import pack_folder
from altiplano_sdk.packaging.signing import sign_archive
from tests.cast import Member
from tests.factories.archives import Author
from tests.factories.studio import AppFactory

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def blobs(settings, tmp_path):
    settings.BLOB_ROOT = tmp_path / "blobs"


@pytest.fixture
def file(tmp_path):
    """What ``new`` and ``pack`` make, with nothing edited."""
    folder = write_scaffold("glossary-guard", StageKind.GUARD, parent=tmp_path, author="Ada")
    return pack_folder(folder, tmp_path).path


class Wire(Platform):
    """Hands requests to the platform in this process instead of over a network."""

    def __init__(self, member: Member) -> None:
        super().__init__("https://platform.example", member.key)
        self._member = member

    def _connect(self, seconds: float) -> Any:
        return _Connection(self._member)


class _Connection:
    def __init__(self, member: Member) -> None:
        self._member = member
        self._response: Any = None

    def request(self, method: str, url: str, *, body: bytes | None, headers: Any) -> None:
        answer = self._member.api.generic(
            method, url, body or b"", headers.get("Content-Type", ""), headers=headers
        )
        self._response = SimpleNamespace(
            status=answer.status_code, read=io.BytesIO(answer.content).read
        )

    def getresponse(self) -> HTTPResponse:
        return self._response

    def close(self) -> None:
        """There is nothing to let go of."""


def test_draft_is_taken_in_and_attached(alice, file):
    app = AppFactory(organization=alice.organization)
    answer = Wire(alice).put_draft("glossary-guard", file, app=str(app.slug))
    assert (answer["state"], answer["app"]) == (PackageState.DRAFT, app.slug)
    assert answer["builder"] == f"/apps/{app.id}/build/"
    again = Wire(alice).put_draft("glossary-guard", file, app=str(app.id))
    assert again["digest"] == answer["digest"]
    assert PackageRelease.unscoped.count() == 1


def test_signed_release_is_taken_in_and_followed(alice, file, tmp_path):
    key = create_key("author", folder=tmp_path)
    Author(key).known_to(alice.principal)
    sign_archive(file, key)
    platform = Wire(alice)
    answer = platform.post_release(file)
    assert answer["state"] == PackageState.CHECKING
    assert platform.get_release(answer["id"])["version"] == "0.1.0"


def test_unsigned_release_is_refused_in_a_sentence(alice, file):
    with pytest.raises(PlatformError, match="The platform says no") as refused:
        Wire(alice).post_release(file)
    assert [finding.rule for finding in refused.value.findings] == ["ALT412"]
    assert PackageRelease.unscoped.count() == 0


def test_foreign_app_and_foreign_name_are_refused(alice, charlie, file):
    theirs = AppFactory(organization=charlie.organization)
    with pytest.raises(PlatformError, match="says no"):
        Wire(alice).put_draft("glossary-guard", file, app=str(theirs.slug))
    own = AppFactory(organization=alice.organization)
    with pytest.raises(PlatformError, match="glossary-guard"):
        Wire(alice).put_draft("another-guard", file, app=str(own.slug))
    assert PackageRelease.unscoped.count() == 0


def test_wrong_key_is_told(alice, file):
    with pytest.raises(PlatformError, match="key is not right"):
        Wire(replace(alice, key="altiplano_none")).post_release(file)

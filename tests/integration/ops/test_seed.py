"""The demo: made once, finished when a run was killed, and left to the people who use it."""

import json

import pytest
from django.utils.html import escape

from altiplano.accounts.consent_models import Consent, Purpose
from altiplano.accounts.domain.legal import ensure_templates
from altiplano.accounts.models import Membership, User
from altiplano.knowledge.domain.documents import delete_document
from altiplano.knowledge.models import Document, DocumentState, DocumentVersion
from altiplano.ops import seed
from altiplano.ops.demo import demo_files
from altiplano.ops.supervisor.home import prepare_home
from altiplano.studio.models import App, AppSharing
from tests.factories.legal import publish_text
from tests.factories.studio import report_all_plugins

pytestmark = pytest.mark.django_db


@pytest.fixture
def home(tmp_path, settings):
    home = prepare_home(tmp_path / "home")
    settings.BLOB_ROOT = home.root / "blobs"
    settings.UPLOAD_ROOT = home.root / "uploads"
    settings.PUBLIC_URL = "http://127.0.0.1:8000"
    report_all_plugins()
    return home


def counts():
    return {
        "people": User.objects.count(),
        "documents": Document.unscoped.count(),
        "apps": App.unscoped.count(),
    }


def test_demo_is_an_organization_with_six_documents_and_a_published_app(home, client):
    demo = seed.seed_demo(home)

    assert counts() == {"people": 1, "documents": 6, "apps": 1}
    assert App.unscoped.get().published_version is not None
    assert {document.name for document in Document.unscoped.all()} == {
        path.name for path in demo_files()
    }
    assert set(demo) >= {
        "url",
        "email",
        "password",
        "organization",
        "api_key",
        "app",
        "collection",
    }
    headers = {"Authorization": f"Bearer {demo['api_key']}"}
    assert client.get("/api/v1/me", headers=headers).status_code == 200
    assert User.objects.get().check_password(demo["password"])


def test_no_demo_document_is_refused(home):
    seed.seed_demo(home)

    states = set(DocumentVersion.unscoped.values_list("state", flat=True))
    assert states == {DocumentState.QUEUED}


def test_what_demo_json_says_is_what_the_command_says_and_private(home):
    demo = seed.seed_demo(home)

    assert json.loads(home.demo.read_text()) == demo
    assert home.demo.stat().st_mode & 0o077 == 0


def test_second_time_changes_nothing(home):
    first = seed.seed_demo(home)
    before = counts()

    assert seed.seed_demo(home) == first
    assert counts() == before


def test_new_address_is_told_without_a_new_key(home, settings):
    first = seed.seed_demo(home)
    settings.PUBLIC_URL = "http://127.0.0.1:9000"

    again = seed.seed_demo(home)

    assert again == {**first, "url": "http://127.0.0.1:9000"}
    assert json.loads(home.demo.read_text())["url"] == "http://127.0.0.1:9000"


def test_what_people_deleted_stays_deleted(home):
    seed.seed_demo(home)
    principal = seed.principal_for(Membership.unscoped.get())
    delete_document(principal=principal, document_id=Document.unscoped.first().id)

    seed.seed_demo(home)

    assert Document.unscoped.count() == 5


@pytest.mark.parametrize("step", ["_collection", "_upload", "_published_app", "_write"])
def test_run_that_was_killed_is_finished_by_the_next(home, monkeypatch, step):
    def die(*_):
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(seed, step, die)
        with pytest.raises(KeyboardInterrupt):
            seed.seed_demo(home)

    demo = seed.seed_demo(home)

    assert counts() == {"people": 1, "documents": 6, "apps": 1}
    assert User.objects.get().check_password(demo["password"])


def test_demo_file_of_another_database_is_replaced(home):
    demo = seed.seed_demo(home)
    home.demo.write_text(json.dumps({**demo, "email": "someone@else.example"}))

    assert seed.seed_demo(home)["email"] == seed.EMAIL


def test_demo_that_is_searchable_is_not_waited_for(home):
    demo = seed.seed_demo(home)
    DocumentVersion.unscoped.update(state=DocumentState.READY)

    seed.wait_for_documents(demo["collection"], seconds=0)


def test_document_that_failed_is_named_with_its_reason(home):
    demo = seed.seed_demo(home)
    DocumentVersion.unscoped.update(state=DocumentState.READY)
    broken = DocumentVersion.unscoped.get(document__name="saving-water.docx")
    broken.state, broken.reason = DocumentState.FAILED, "The file is damaged."
    broken.save()

    with pytest.raises(seed.DemoNotReadyError, match=r"saving-water\.docx: The file is damaged\."):
        seed.wait_for_documents(demo["collection"], seconds=0)


def test_documents_that_wait_too_long_are_said(home):
    demo = seed.seed_demo(home)

    with pytest.raises(seed.DemoNotReadyError, match="not searchable"):
        seed.wait_for_documents(demo["collection"], seconds=-1)


def test_originals_of_the_package_are_not_the_ones_stored(home):
    seed.seed_demo(home)

    assert {path.stat().st_nlink for path in demo_files()} == {1}


def test_platform_without_the_plugins_says_which_is_missing(home, monkeypatch):
    from altiplano.catalog.models import Plugin
    from altiplano.kernel.errors import InvalidInputError

    monkeypatch.setattr(seed, "CATALOGUE_SECONDS", -1)
    Plugin.objects.filter(slug="abstention").delete()

    with pytest.raises(InvalidInputError, match="abstention"):
        seed.seed_demo(home)
    assert not home.demo.exists()


def test_demo_app_is_open_to_everybody_until_somebody_closes_it(home, client):
    demo = seed.seed_demo(home)
    address = f"/a/{demo['organization']}/{demo['app_slug']}/"
    for language in ("en", "fr"):
        page = client.get(address, headers={"accept-language": language}).content.decode()
        shown = [example for example in seed.EXAMPLES if escape(example) in page]
        assert shown == [each for each, spoken in seed.EXAMPLES.items() if spoken == language]
    AppSharing.unscoped.update(is_public=False)
    home.demo.unlink()
    seed.seed_demo(home)
    assert client.get(address).status_code == 404


def test_demo_owner_accepts_what_staff_has_published_and_says_why(home):
    version = publish_text()
    publish_text("research", purposes=(Purpose.JOIN_RESEARCH,))
    seed.seed_demo(home)
    consent = Consent.unscoped.get()
    assert consent.legal_text.version == version
    assert (consent.person.email, consent.capacity) == (seed.EMAIL, "demonstration")
    later = publish_text(added=" More.")
    seed.seed_demo(home)
    assert not Consent.unscoped.filter(legal_text__version=later).exists()


def test_demo_needs_no_consent_where_nothing_is_published(home):
    ensure_templates()
    seed.seed_demo(home)
    assert not Consent.unscoped.exists()
    assert App.unscoped.get().published_version is not None

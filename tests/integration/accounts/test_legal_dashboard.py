"""Staff write, publish and discard drafts in the dashboard, and cannot touch what is public."""

import pytest
from django.test import Client

from altiplano.accounts.consent_models import LegalDocument, LegalText, LegalVersion
from altiplano.accounts.domain.legal import begin_version
from tests.factories.accounts import UserFactory
from tests.factories.legal import publish_text

pytestmark = pytest.mark.django_db


@pytest.fixture
def staff() -> Client:
    client = Client()
    client.force_login(UserFactory(is_staff=True, is_superuser=True))
    return client


def carry_out(staff: Client, table: str, name: str, row) -> None:
    chosen = {"action": name, "_selected_action": str(row.pk), "confirmed": name}
    assert staff.post(f"/admin/accounts/{table}/", chosen).status_code == 302


def test_document_goes_from_nothing_to_public(staff, client):
    made = {"slug": "conduct", "kind": "conduct", "purposes": ["publish-app"]}
    assert staff.post("/admin/accounts/legaldocument/add/", made).status_code == 302
    document = LegalDocument.objects.get(slug="conduct")
    draft = document.versions.get()
    for text in draft.texts.all():
        words = {"title": "Conduct", "text": f"Be kind ({text.language}).", "change_summary": ""}
        answer = staff.post(f"/admin/accounts/legaltext/{text.pk}/change/", words)
        assert answer.status_code == 302
    assert client.get("/legal/conduct/").status_code == 404
    carry_out(staff, "legalversion", "publish", draft)
    assert "Be kind (en)." in client.get("/legal/conduct/").content.decode()
    carry_out(staff, "legaldocument", "begin_version", document)
    second = document.versions.get(published_at=None)
    assert second.number == 2
    carry_out(staff, "legalversion", "discard", second)
    assert document.versions.count() == 1


def test_public_version_has_no_form_and_no_operation(staff):
    version = publish_text()
    text = version.texts.first()
    for address in (
        f"/admin/accounts/legalversion/{version.pk}/change/",
        f"/admin/accounts/legaltext/{text.pk}/change/",
    ):
        page = staff.get(address).content.decode()
        assert "Discard the draft" not in page
        assert staff.post(address, {"title": "Other", "text": "Other"}).status_code == 403
    text.refresh_from_db()
    assert text.title != "Other"


def test_refused_publication_says_why(staff):
    version = publish_text()
    draft = begin_version(document=version.document, actor=None)
    LegalText.objects.filter(version=draft, language="fr").update(text="")
    chosen = {"action": "publish", "_selected_action": str(draft.pk), "confirmed": "publish"}
    page = staff.post("/admin/accounts/legalversion/", chosen, follow=True).content.decode()
    assert "is empty" in page or "what changed" in page
    assert LegalVersion.objects.get(pk=draft.pk).published_at is None

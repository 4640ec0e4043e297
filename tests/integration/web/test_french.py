"""French pages hold no English sentence: neither a refusal nor a reason that a worker stored."""

import html
import re

import pytest
from django.urls import reverse
from django.utils.translation import override

from altiplano.knowledge.models import DocumentState
from altiplano.runs.models import Run, RunState
from altiplano.runs.trace_words import say_detail
from tests.integration.web.conftest import make_document
from tests.integration.web.test_pages import signed_in

REASONS = [
    ("The file took longer than 30 seconds to read.", "a dépassé 30 secondes"),
    ("The file seems to be a picture (PNG). PDF files.", "semble être une image (PNG)"),
    ("The file is larger than 200 MB, which is the most one document may have.", "200 Mo"),
    ("The address answered with error 503.", "erreur 503"),
    ("The PDF holds no readable text.", "ne contient pas de texte lisible"),
    ("Someone else's plugin says this.", "Someone else's plugin says this."),
]


def text_of(response) -> str:
    """What a person sees, on one line."""
    page = re.sub(
        r"<(script|style|head)\b.*?</\1>", " ", response.content.decode(), flags=re.DOTALL
    )
    return " ".join(html.unescape(re.sub(r"<[^>]*>", " ", page)).split())


@pytest.mark.parametrize(("reason", "french"), REASONS)
def test_reason_of_a_document_is_in_french(alice, garden, reason, french):
    document = make_document(garden.collection, "a.pdf", DocumentState.FAILED, reason=reason)
    browser = signed_in(alice, "fr")
    for name, key in (("collection", garden.collection.id), ("document", document.id)):
        said = text_of(browser.get(reverse(f"knowledge:{name}-detail", args=[key])))
        assert french in said
        assert french == reason or reason not in said


def test_warnings_about_a_document_are_in_french(alice, garden):
    warnings = [
        "Pages could not be read: 3, 4.",
        "12000 hidden characters were removed from the text.",
    ]
    make_document(garden.collection, "a.pdf", DocumentState.READY, warnings=warnings)
    address = reverse("knowledge:collection-detail", args=[garden.collection.id])
    said = text_of(signed_in(alice, "fr").get(address))
    assert "Pages illisibles : 3, 4." in said
    assert "12 000 caractères invisibles ont été retirés du texte." in said


def test_reason_of_a_failed_answer_is_in_french(alice, garden):
    run = Run.unscoped.create(
        organization=alice.organization, app=garden.app, user=alice.user, question="Pourquoi ?",
        spec={}, state=RunState.FAILED, error_code="budget_exceeded",
        error_message="The retriever stage took longer than its 2.5 seconds.",
    )  # fmt: skip
    said = text_of(signed_in(alice, "fr").get(reverse("runs:run-detail", args=[run.id])))
    assert "étape « retriever » a dépassé son délai de 2,5 s." in said


def test_refused_upload_and_question_are_explained_in_french(alice, garden, settings):
    settings.MAX_QUESTION_CHARS = 1000
    browser = signed_in(alice, "fr")
    chat = reverse("runs:chat", args=[garden.app.id])
    said = text_of(browser.post(chat, {"input": "?" * 1001}))
    assert "elle compte 1 001 caractères, 1 000 au plus sont lus." in said
    address = reverse("knowledge:document-list", args=[garden.collection.id])
    browser.post(address)
    said = text_of(browser.get(reverse("knowledge:collection-detail", args=[garden.collection.id])))
    assert "Envoyez au moins un fichier" in said


def test_refusal_page_names_the_role_in_french(vera, garden):
    address = reverse("knowledge:collection-delete", args=[garden.collection.id])
    said = text_of(signed_in(vera, "fr").get(address))
    assert "Votre rôle dans cette organisation (lecteur) ne le permet pas." in said
    assert "does not allow" not in said


def test_trace_says_what_stages_told_in_french():
    with override("fr"):
        assert say_detail("point", "evidence") == ("examine", "les passages")
        assert say_detail("scores", {"best": 0.90565}) == ("scores", "proximité de sens 0,906")
        assert say_detail("reason", "Nothing was found.")[1] == "Rien n\u2019a été trouvé."

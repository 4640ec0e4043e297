"""The chat page without script: ask, read the whole answer, go on."""

import pytest
from django.urls import reverse

from altiplano.knowledge.models import Document, DocumentState
from altiplano.runs.models import Answer, Run, RunState
from altiplano.serving.models import ModelEndpoint
from tests.integration.web.conftest import make_document
from tests.integration.web.test_pages import body_of, signed_in

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def endpoint(db) -> ModelEndpoint:
    return ModelEndpoint.objects.create(
        name="Demo", base_url="http://127.0.0.1:9/v1", model="tiny", is_demonstration=True,
        is_default=True,
    )  # fmt: skip


def ask(client, garden, question: str, **fields):
    address = reverse("runs:chat", args=[garden.app.id])
    return client.post(address, {"input": question, **fields}, follow=True)


def test_chat_says_that_it_is_ai_from_whom_and_from_which_documents(alice, garden):
    page = body_of(signed_in(alice).get(reverse("runs:chat", args=[garden.app.id])))
    assert "You are talking to an AI, built by Green Schools." in page
    assert "It answers from 1 document" in page
    assert "School garden" in page


def test_chat_counts_only_documents_that_it_can_answer_from(alice, garden):
    make_document(garden.collection, "torn.pdf", DocumentState.FAILED, reason="The PDF is torn.")
    make_document(garden.collection, "new.pdf", DocumentState.PARSING)
    page = body_of(signed_in(alice).get(reverse("runs:chat", args=[garden.app.id])))
    assert "It answers from 1 document and" in " ".join(page.split())


def test_chat_without_a_document_that_can_be_read_says_so(alice, garden):
    Document.unscoped.update(active_version=None)
    page = body_of(signed_in(alice).get(reverse("runs:chat", args=[garden.app.id])))
    assert "It has no document yet that it could answer from" in " ".join(page.split())
    assert "School garden" in page


def test_chat_says_that_the_model_is_a_small_one_and_how_to_connect_another(
    alice, garden, endpoint
):
    address = reverse("runs:chat", args=[garden.app.id])
    page = body_of(signed_in(alice).get(address))
    assert "A small demonstration model writes these answers" in page
    assert "ALTIPLANO_ENGINE_URL" in page
    ModelEndpoint.objects.update(is_demonstration=False)
    assert "demonstration" not in body_of(signed_in(alice).get(address))


def test_chat_without_a_model_says_so(alice, garden):
    ModelEndpoint.objects.all().delete()
    page = body_of(signed_in(alice).get(reverse("runs:chat", args=[garden.app.id])))
    assert "No model is connected at the moment" in page


def test_question_leads_to_a_page_that_reloads_until_the_answer_is_there(alice, garden):
    client = signed_in(alice)
    waiting = ask(client, garden, "How much water?")
    run = Run.unscoped.get(question="How much water?")
    assert waiting.redirect_chain == [(reverse("runs:run-detail", args=[run.id]), 302)]
    assert 'http-equiv="refresh"' in body_of(waiting)
    Answer.objects.create(run=run, text="Ten litres a week.")
    Run.unscoped.filter(pk=run.pk).update(state=RunState.FINISHED)
    done = body_of(client.get(reverse("runs:run-detail", args=[run.id])))
    assert "Ten litres a week." in done
    assert 'http-equiv="refresh"' not in done


def test_next_question_carries_the_conversation(alice, garden):
    ask(signed_in(alice), garden, "And in winter?", previous=str(garden.run.id))
    run = Run.unscoped.get(question="And in winter?")
    assert run.history == [
        {"role": "user", "content": "How long does compost take?"},
        {"role": "assistant", "content": "It is mature after six months [1]."},
    ]


def test_conversation_shows_earlier_turns_with_their_sources(alice, garden):
    page = body_of(ask(signed_in(alice), garden, "And in winter?", previous=str(garden.run.id)))
    assert page.index("How long does compost take?") < page.index("And in winter?")
    assert f"/runs/{garden.run.id}/sources/{garden.document.id}/?start=13" in page


@pytest.mark.parametrize(
    ("question", "sentence"),
    [("", "the text is empty"), ("  \x00 ", "the text is empty"), ("x" * 100_000, "too long")],
)
def test_refused_question_keeps_its_text_and_says_why(alice, garden, question, sentence):
    response = ask(signed_in(alice), garden, question)
    assert response.status_code == 422
    assert sentence in body_of(response)
    assert not Run.unscoped.exclude(pk=garden.run.pk).exists()
    if question.strip("\x00 "):
        assert question in response.content.decode()


def test_failed_run_says_what_happened_in_the_reader_s_language(alice, garden):
    Run.unscoped.filter(pk=garden.run.pk).update(
        state=RunState.FAILED,
        error_code="engine_busy",
        error_message="The model endpoint is busy. Try again in a moment.",
    )
    page = body_of(signed_in(alice, "fr").get(reverse("runs:run-detail", args=[garden.run.id])))
    assert "Le serveur de modèle est occupé." in page
    assert "Votre question est conservée" in page


def test_abstention_shows_the_nearest_passages(alice, garden):
    passage = {
        "document_id": str(garden.document.id), "document_name": "composting.pdf", "page": 2,
        "start": 13, "end": 40, "text": "A heap that is turned",
    }  # fmt: skip
    garden.run.citations.all().delete()
    Answer.objects.filter(run=garden.run).update(
        text="The documents do not say.",
        is_abstained=True,
        events=[{"type": "passages.found", "passages": [passage] * 5}],
    )
    page = body_of(signed_in(alice).get(reverse("runs:run-detail", args=[garden.run.id])))
    assert "The nearest passages in the documents:" in page
    assert page.count("A heap that is turned") == 3


def test_document_text_in_an_answer_stays_text(alice, garden):
    Answer.objects.filter(run=garden.run).update(
        text="<script>alert(1)</script> ![x](https://e.example/)"
    )
    page = body_of(signed_in(alice).get(reverse("runs:run-detail", args=[garden.run.id])))
    assert "<script>alert" not in page
    assert "<img" not in page.partition('id="turns"')[2]


def test_question_with_markup_stays_text(alice, garden):
    page = body_of(ask(signed_in(alice), garden, "<b onmouseover=alert(1)>hello</b>"))
    assert "<b onmouseover" not in page


def test_answers_of_others_are_not_there(vera, charlie, garden):
    address = reverse("runs:run-detail", args=[garden.run.id])
    assert signed_in(charlie).get(address).status_code == 404
    assert signed_in(vera).get(address).status_code == 404


def test_stop_without_script_cancels_a_waiting_run(alice, garden, monkeypatch):
    announced = []
    monkeypatch.setattr(
        "altiplano.runs.event_log.announce_cancel", lambda *args: announced.append(args)
    )
    client = signed_in(alice)
    ask(client, garden, "How much water?")
    run = Run.unscoped.get(question="How much water?")
    response = client.post(reverse("runs:run-cancel", args=[run.id]), follow=True)
    run.refresh_from_db()
    assert run.state == RunState.CANCELLED
    assert announced == [(run.id, RunState.CANCELLED)]
    assert "Stopped. What was said so far is kept." in body_of(response)


def test_judgement_is_stored(alice, garden):
    address = reverse("runs:run-judge", args=[garden.run.id])
    response = signed_in(alice).post(address, {"verdict": "good"}, follow=True)
    assert "Thank you." in body_of(response)
    assert garden.run.feedback.get().verdict == "good"


def test_unpublished_app_is_asked_as_a_draft_by_those_who_build_it(alice, vera, garden):
    type(garden.app).unscoped.filter(pk=garden.app.pk).update(published_version=None)
    ask(signed_in(alice), garden, "Is it a draft?")
    assert Run.unscoped.get(question="Is it a draft?").version is None
    refused = ask(signed_in(vera), garden, "May I?")
    assert "not published yet" in body_of(refused)

"""What a reader does with questions and answers beyond asking: again, otherwise, judge, report."""

import pytest
from django.urls import reverse

from altiplano.kernel.attention import attention_for
from altiplano.knowledge.models import Document, DocumentText
from altiplano.runs.domain.reports import close_report
from altiplano.runs.models import (
    Answer,
    Conversation,
    DailyUsage,
    Feedback,
    Report,
    ReportState,
    Run,
    RunState,
)
from altiplano.serving.models import ModelEndpoint
from tests.factories.packages import publish
from tests.factories.studio import report_plugin
from tests.integration.web.conftest import QUOTE
from tests.integration.web.test_pages import body_of, signed_in

pytestmark = pytest.mark.django_db
PART = {"HX-Request": "true"}
BUILD = frozenset({"read", "write"})


@pytest.fixture(autouse=True)
def endpoint(db) -> ModelEndpoint:
    return ModelEndpoint.objects.create(
        name="Demo", base_url="http://127.0.0.1:9/v1", model="tiny", is_default=True
    )


def ask(client, garden, question: str, **fields):
    """As the script does; the run that was made."""
    address = reverse("runs:chat", args=[garden.app.id])
    response = client.post(address, {"input": question, **fields}, headers=PART)
    assert response.status_code == 201, response.content
    return Run.unscoped.get(pk=response["Location"].rstrip("/").rpartition("/")[2])


def answer(run: Run, text: str = "Yes.") -> Run:
    Answer.objects.create(run=run, text=text)
    Run.unscoped.filter(pk=run.pk).update(state=RunState.FINISHED)
    return run


# --- Asking -----------------------------------------------------------------------------------


def test_script_gets_the_new_turn_with_its_addresses(alice, garden):
    client = signed_in(alice)
    address = reverse("runs:chat", args=[garden.app.id])
    response = client.post(address, {"input": "How much water?"}, headers=PART)
    run = Run.unscoped.get(question="How much water?")
    part = body_of(response)
    assert response.status_code == 201
    assert response["Location"] == f"/runs/{run.id}/"
    assert f'data-events="/api/v1/runs/{run.id}/events"' in part
    assert f'data-cancel="/runs/{run.id}/cancel/"' in part
    assert "<html" not in part


def test_script_is_told_in_a_sentence_why_a_question_was_refused(alice, garden):
    address = reverse("runs:chat", args=[garden.app.id])
    response = signed_in(alice, "fr").post(address, {"input": " "}, headers=PART)
    assert response.status_code == 422
    assert response["Content-Type"].startswith("text/plain")
    assert response.content.decode().endswith(".")


def test_question_beyond_the_quota_is_kept_and_told_when_to_come_back(alice, garden, settings):
    settings.RUNS_PER_DAY = 1
    client = signed_in(alice)
    ask(client, garden, "First?")
    address = reverse("runs:chat", args=[garden.app.id])
    refused = client.post(address, {"input": "Second & last?"})
    assert refused.status_code == 429
    assert int(refused["Retry-After"]) > 0
    assert "Second &amp; last?" in refused.content.decode()
    assert not Conversation.unscoped.filter(title__startswith="Second").exists()
    assert "used up its questions of today" in body_of(client.get(address))


def test_few_questions_left_are_counted_on_the_page(alice, garden, settings):
    settings.RUNS_PER_DAY = 3
    address = reverse("runs:chat", args=[garden.app.id])
    client = signed_in(alice)
    assert "has 3 questions left today" in body_of(client.get(address))
    ask(client, garden, "First?")
    ask(client, garden, "Second?")
    assert "has 1 question left today" in body_of(client.get(address))
    assert DailyUsage.unscoped.get().runs == 2


def test_questions_of_a_row_are_one_conversation(alice, garden):
    client = signed_in(alice)
    first = answer(ask(client, garden, "How much water?"), "Ten litres.")
    second = ask(client, garden, "And in winter?", previous=str(first.id))
    assert second.conversation_id == first.conversation_id
    assert second.previous_id == first.id
    assert second.history == [
        {"role": "user", "content": "How much water?"},
        {"role": "assistant", "content": "Ten litres."},
    ]
    assert Conversation.unscoped.get().title == "How much water?"


def test_conversation_that_began_by_api_goes_on_with_its_first_question(alice, garden):
    run = ask(signed_in(alice), garden, "And in winter?", previous=str(garden.run.id))
    garden.run.refresh_from_db()
    assert garden.run.conversation_id == run.conversation_id


def test_form_that_is_sent_twice_asks_once(alice, bob, garden):
    client = signed_in(alice)
    first = ask(client, garden, "How much water?")
    counted = DailyUsage.unscoped.get(organization_id=alice.organization.id).runs
    assert ask(client, garden, "How much water?").id == first.id
    assert DailyUsage.unscoped.get(organization_id=alice.organization.id).runs == counted
    assert Conversation.unscoped.count() == 1
    assert ask(signed_in(bob), garden, "How much water?").id != first.id
    answer(first)
    assert ask(client, garden, "How much water?").id != first.id


def test_edited_question_takes_the_place_of_the_old_one_and_both_can_be_read(alice, garden):
    client = signed_in(alice)
    first = answer(ask(client, garden, "How much water?"))
    old = answer(ask(client, garden, "And in winter?", previous=str(first.id)))
    new = ask(client, garden, "And in a dry summer?", instead_of=str(old.id))
    assert (new.previous_id, new.conversation_id) == (first.id, first.conversation_id)
    assert [message["content"] for message in new.history] == ["How much water?", "Yes."]
    answer(new)
    page = body_of(client.get(f"/runs/{new.id}/"))
    assert "How much water?" in page
    assert "And in winter?" not in page
    assert f'href="/runs/{old.id}/"' in page
    assert "And in a dry summer?" not in body_of(client.get(f"/runs/{old.id}/"))


def test_other_wording_leads_to_where_its_conversation_ended(alice, garden):
    client = signed_in(alice)
    first = answer(ask(client, garden, "How much water?"))
    after = answer(ask(client, garden, "Why?", previous=str(first.id)))
    again = answer(ask(client, garden, "How much water?", instead_of=str(first.id)))
    assert f'href="/runs/{after.id}/"' in body_of(client.get(f"/runs/{again.id}/"))


def test_nobody_goes_on_with_the_conversation_of_another(alice, bob, garden):
    address = reverse("runs:chat", args=[garden.app.id])
    client = signed_in(bob)
    for field in ("previous", "instead_of"):
        response = client.post(address, {"input": "And?", field: str(garden.run.id)})
        assert response.status_code == 404
    page = body_of(client.get(reverse("runs:run-detail", args=[garden.run.id])))
    assert "Somebody else asked this." in page
    assert 'id="ask"' not in page
    assert "Ask again" not in page


def test_conversation_with_another_app_is_not_gone_on_with(alice, garden):
    other = type(garden.app).unscoped.create(
        organization=alice.organization, name="Other", slug="other",
        draft_pipeline=garden.app.draft_pipeline,
    )  # fmt: skip
    other.collections.add(garden.collection)
    address = reverse("runs:chat", args=[other.id])
    response = signed_in(alice).post(address, {"input": "And?", "previous": str(garden.run.id)})
    assert response.status_code == 400
    assert not Run.unscoped.filter(app=other).exists()


def test_waiting_question_says_how_many_are_before_it(alice, garden):
    client = signed_in(alice)
    ask(client, garden, "First?")
    second = ask(client, garden, "Second?")
    part = body_of(client.get(f"/runs/{second.id}/", headers=PART))
    assert "1 question is before it" in part


# --- Reading ----------------------------------------------------------------------------------


def source_address(garden, **changed) -> str:
    citation = garden.run.citations.get()
    place = {"start": citation.start, "end": citation.end} | changed
    address = reverse("runs:run-source", args=[garden.run.id, garden.document.id])
    return f"{address}?start={place['start']}&end={place['end']}"


def test_source_shows_the_passage_in_its_surroundings_and_the_way_to_the_document(alice, garden):
    client = signed_in(alice)
    part = body_of(client.get(source_address(garden), headers=PART))
    assert f'<mark id="passage">{QUOTE}</mark>' in part
    assert f'href="/documents/{garden.document.id}/?start=' in part
    assert "<html" not in part
    page = body_of(client.get(source_address(garden)))
    assert f'href="/runs/{garden.run.id}/#run-{garden.run.id}"' in page


@pytest.mark.parametrize("changed", [{"start": 0}, {"end": 99}, {"start": "x"}, {"end": "-1"}])
def test_source_opens_no_passage_that_the_answer_does_not_rest_on(alice, garden, changed):
    assert signed_in(alice).get(source_address(garden, **changed)).status_code == 404


def test_source_of_a_deleted_document_is_the_passage_as_it_was(alice, garden):
    address = source_address(garden)
    Document.unscoped.filter(pk=garden.document.pk).delete()
    page = body_of(signed_in(alice).get(address))
    assert "it was deleted after the answer was given" in page
    assert QUOTE in page
    assert "Open the document" not in page


def test_source_of_a_replaced_document_marks_nothing_else_in_it(alice, garden):
    DocumentText.objects.update(text="Something else altogether. " * 5)
    page = body_of(signed_in(alice).get(source_address(garden)))
    assert "was replaced after the answer was given" in page
    assert f'<mark id="passage">{QUOTE}</mark>' in page


def test_source_is_as_private_as_its_run(vera, charlie, garden):
    for stranger in (vera, charlie):
        assert signed_in(stranger).get(source_address(garden)).status_code == 404


def test_reading_mode_shows_the_words_and_the_way_back(alice, garden):
    page = body_of(signed_in(alice).get(f"/runs/{garden.run.id}/?view=reading"))
    assert "It is mature after six months" in page
    assert f'href="/runs/{garden.run.id}/"' in page
    assert "<form" not in page.partition("<main")[2].partition("</main>")[0]


def test_trace_shows_stages_passages_and_the_prompt_as_sent(alice, garden):
    passage = {
        "chunk_id": 1, "document_id": str(garden.document.id), "document_name": "composting.pdf",
        "page": 2, "start": 13, "end": 40, "text": "A heap <b>that</b>", "score": 0.75,
    }  # fmt: skip
    Answer.objects.filter(run=garden.run).update(
        prompt=[{"role": "system", "content": "Answer from <passages>."}],
        events=[
            {"type": "passages.found", "passages": [passage]},
            {"type": "stage.finished", "kind": "retriever", "plugin": "hybrid", "ms": 12.5},
        ],
        timings={"total_ms": 1500.0, "generate_ms": 1000.0},
        completion_tokens=8,
    )
    client = signed_in(alice)
    address = reverse("runs:run-trace", args=[garden.run.id])
    page = body_of(client.get(address))
    assert "Answer from &lt;passages&gt;." in page
    assert "A heap &lt;b&gt;that&lt;/b&gt;" in page
    assert "score 0.750" in page
    assert "12.5 ms" in page
    assert "1.5 s" in page
    assert "8.0 a second" in page
    assert "<html" not in body_of(client.get(address, headers=PART))


def test_trace_calls_plugins_by_their_names_with_the_id_beside(alice, garden):
    report_plugin("retriever", "hybrid")
    publish("glossary-guard", manifest_changes={"title": "Glossary"})
    stages = [("retriever", "hybrid"), ("guard", "glossary-guard"), ("guard", "hybrid")]
    events = [
        {"type": "stage.finished", "kind": kind, "plugin": plugin, "ms": 1.0}
        for kind, plugin in stages
    ]
    Answer.objects.filter(run=garden.run).update(events=events)
    page = body_of(signed_in(alice).get(reverse("runs:run-trace", args=[garden.run.id])))
    assert '<span dir="auto">Hybrid</span> <code>hybrid</code>' in page
    assert '<span dir="auto">Glossary</span> <code>glossary-guard</code>' in page
    assert '<span class="quiet"><code>hybrid</code></span>' in page, "no guard is called so"


def test_c11_document_with_markup_is_text_in_the_pane(alice, garden):
    hostile = "<script>alert(1)</script><img src=x onerror=alert(1)>"
    DocumentText.objects.update(text=hostile, pages=[[1, 0, len(hostile)]])
    garden.run.citations.update(start=0, end=8, quote="<script>")
    for headers in ({}, PART):
        part = signed_in(alice).get(source_address(garden), headers=headers).content.decode()
        assert '<mark id="passage">&lt;script&gt;</mark>' in part
        assert "<script>alert" not in part
        assert "<img src=x" not in part


# --- Judging and reporting --------------------------------------------------------------------


def judge(client, garden, **fields):
    address = reverse("runs:run-judge", args=[garden.run.id])
    return body_of(client.post(address, fields, headers=PART))


def test_judgement_can_be_given_reasons_changed_and_taken_back(alice, garden):
    client = signed_in(alice)
    assert "What is wrong with it?" in judge(client, garden, verdict="bad")
    part = judge(client, garden, verdict="bad", reason="outdated", comment=" It is from 1990. ")
    assert "Your judgement is stored" in part
    feedback = Feedback.unscoped.get()
    assert (feedback.reason, feedback.comment) == ("outdated", "It is from 1990.")
    assert 'aria-pressed="true"' in judge(client, garden, verdict="good")
    assert Feedback.unscoped.get().reason == ""
    judge(client, garden, verdict="")
    assert not Feedback.unscoped.exists()


def test_judgement_of_another_is_not_shown_as_ones_own(alice, bob, garden):
    judge(signed_in(alice), garden, verdict="good")
    assert 'aria-pressed="true"' not in body_of(signed_in(bob).get(f"/runs/{garden.run.id}/"))


def report(client, garden, **fields):
    return client.post(reverse("runs:run-report", args=[garden.run.id]), fields)


def test_report_waits_for_those_who_build_until_it_is_closed(alice, garden):
    client = signed_in(alice)
    report(client, garden, reason="personal", text="A <i>name</i>.")
    report(client, garden, reason="wrong", text="A <i>name</i>, twice.")
    stored = Report.unscoped.get()
    assert (stored.reason, stored.state) == ("wrong", ReportState.OPEN)
    sentences = [str(each.sentence) for each in attention_for(alice.organization.id, BUILD)]
    assert "1 answer was reported." in sentences
    page = body_of(client.get(reverse("runs:reports")))
    assert "A &lt;i&gt;name&lt;/i&gt;, twice." in page
    client.post(reverse("runs:report-close", args=[stored.id]), {"note": "Corrected."})
    stored.refresh_from_db()
    assert (stored.state, stored.note) == (ReportState.CLOSED, "Corrected.")
    assert stored.closed_by == alice.user
    sentences = [str(each.sentence) for each in attention_for(alice.organization.id, BUILD)]
    assert "1 answer was reported." not in sentences
    assert "Corrected." in body_of(client.get(reverse("runs:reports") + "?state=closed"))


def test_closed_report_stays_as_it_was_closed(alice, garden):
    report(signed_in(alice), garden, reason="wrong")
    stored = Report.unscoped.get()
    close_report(principal=alice.principal, report=stored, note="First")
    assert close_report(principal=alice.principal, report=stored, note="Second").note == "First"
    report(signed_in(alice), garden, reason="wrong")
    assert Report.unscoped.filter(state=ReportState.OPEN).count() == 1


@pytest.mark.parametrize("fields", [{}, {"reason": "no"}, {"reason": "wrong", "text": "x" * 2001}])
def test_report_without_a_known_reason_or_too_long_is_refused(alice, garden, fields):
    assert report(signed_in(alice), garden, **fields).status_code == 400
    assert not Report.unscoped.exists()


def test_reports_are_read_by_those_who_build_alone(vera, charlie, garden):
    garden_report = Report.unscoped.create(
        organization=garden.run.organization, run=garden.run, reason="wrong"
    )
    assert signed_in(vera).get(reverse("runs:reports")).status_code == 403
    close = reverse("runs:report-close", args=[garden_report.id])
    assert signed_in(vera).post(close).status_code == 403
    assert signed_in(charlie).post(close).status_code == 404
    assert "How long does compost" not in body_of(signed_in(charlie).get(reverse("runs:reports")))


def test_report_of_a_visitor_names_nobody(alice, garden):
    Report.unscoped.create(organization=garden.run.organization, run=garden.run, reason="wrong")
    assert "a visitor" in body_of(signed_in(alice).get(reverse("runs:reports")))


# --- Doors ------------------------------------------------------------------------------------


def changing_addresses(alice, garden) -> list[str]:
    stored = Report.unscoped.create(
        organization=alice.organization, run=garden.run, user=alice.user, reason="wrong"
    )
    mine = Conversation.unscoped.create(
        organization=alice.organization, app=garden.app, user=alice.user, title="Mine"
    )
    run = [garden.run.id]
    return [
        reverse("runs:chat", args=[garden.app.id]),
        reverse("runs:run-cancel", args=run),
        reverse("runs:run-judge", args=run),
        reverse("runs:run-report", args=run),
        reverse("runs:report-close", args=[stored.id]),
        reverse("runs:conversation-rename", args=[mine.id]),
        reverse("runs:conversation-delete", args=[mine.id]),
    ]


@pytest.mark.parametrize(
    ("content_type", "headers"),
    [
        ("application/x-www-form-urlencoded", {"Origin": "https://evil.example"}),
        ("application/x-www-form-urlencoded", {"Origin": "null"}),
        ("text/plain", {"Origin": "https://evil.example"}),
        ("text/plain", {"HX-Request": "true"}),
        ("application/json", {"X-HTTP-Method-Override": "GET"}),
    ],
)
def test_c43_other_sites_change_nothing_with_a_member_s_cookies(
    alice, garden, content_type, headers
):
    body = "input=x&verdict=good&reason=wrong&title=x&note=x"
    before = Run.unscoped.count()
    for address in changing_addresses(alice, garden):
        response = alice.browser.post(address, body, content_type=content_type, headers=headers)
        assert response.status_code == 403, address
        assert "Access-Control-Allow-Origin" not in response
    assert Run.unscoped.count() == before
    assert not Feedback.unscoped.exists()
    assert Report.unscoped.get().state == ReportState.OPEN
    assert Conversation.unscoped.get().title == "Mine"


def test_c43_reading_changes_nothing(alice, garden):
    client = signed_in(alice)
    for address in changing_addresses(alice, garden):
        assert client.get(address + "?verdict=good&title=x&note=x").status_code in (200, 405)
    assert not Feedback.unscoped.exists()
    assert Report.unscoped.get().state == ReportState.OPEN
    assert Conversation.unscoped.get().title == "Mine"

"""A person's list of conversations: theirs alone, searchable, to be named and deleted."""

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from altiplano.runs.models import (
    Answer,
    Citation,
    Conversation,
    Feedback,
    FeedbackReason,
    Report,
    Run,
    RunState,
)
from tests.integration.web.test_pages import body_of, signed_in

pytestmark = pytest.mark.django_db
LIST = "/conversations/"
PAYLOADS = (
    "<script>alert(1)</script>",
    "\"'><img src=x onerror=alert(1)>",
    "<svg/onload=alert(1)>",
    "{{ 7*7 }}</textarea><script>alert(1)</script>",
)


def make_conversation(member, garden, *questions: str, title: str = "") -> Conversation:
    conversation = Conversation.unscoped.create(
        organization=member.organization, app=garden.app, user=member.user,
        title=title or questions[0],
    )  # fmt: skip
    previous = None
    for question in questions:
        previous = Run.unscoped.create(
            organization=member.organization, app=garden.app, user=member.user, spec={},
            question=question, conversation=conversation, previous=previous,
            state=RunState.FINISHED,
        )  # fmt: skip
        Answer.objects.create(run=previous, text=f"About: {question}")
    return conversation


def test_list_is_empty_at_first_and_says_what_it_is_for(alice):
    assert "You have not asked anything yet." in body_of(signed_in(alice).get(LIST))


def test_list_holds_ones_own_conversations_alone(alice, bob, vera, charlie, garden):
    make_conversation(alice, garden, "How much water?", "And in winter?")
    page = body_of(signed_in(alice).get(LIST))
    assert "How much water?" in page
    assert "2 questions" in page
    for other in (bob, vera, charlie):
        assert "How much water?" not in body_of(signed_in(other).get(LIST))


def test_conversation_of_another_is_not_there_whatever_the_role(alice, bob, garden):
    mine = make_conversation(bob, garden, "How much water?")
    client = signed_in(alice)
    for name in ("conversation", "conversation-delete"):
        assert client.get(reverse(f"runs:{name}", args=[mine.id])).status_code == 404
    rename = reverse("runs:conversation-rename", args=[mine.id])
    assert client.post(rename, {"title": "Mine"}).status_code == 404
    assert client.post(reverse("runs:conversation-delete", args=[mine.id])).status_code == 404
    assert Conversation.unscoped.get().title == "How much water?"


def test_conversation_opens_where_it_ended(alice, garden):
    mine = make_conversation(alice, garden, "How much water?", "And in winter?")
    response = signed_in(alice).get(reverse("runs:conversation", args=[mine.id]), follow=True)
    last = mine.runs.get(question="And in winter?")
    assert response.redirect_chain == [(f"/runs/{last.id}/", 302)]
    page = body_of(response)
    assert page.index("How much water?") < page.index("And in winter?")
    assert f'name="previous" value="{last.id}"' in page


@pytest.mark.parametrize("words", ["WATER", "about: how", "thirst"])
def test_search_looks_into_names_questions_and_answers(alice, garden, words):
    make_conversation(alice, garden, "How much water?", title="Thirsty beds")
    make_conversation(alice, garden, "What is mulch?")
    page = body_of(signed_in(alice).get(LIST, {"q": words}))
    assert "Thirsty beds" in page
    assert "What is mulch?" not in page


def test_search_without_a_hit_says_so(alice, garden):
    make_conversation(alice, garden, "How much water?")
    page = body_of(signed_in(alice).get(LIST, {"q": "100% <b>"}))
    assert "None of your conversations holds “100% &lt;b&gt;”." in page


def test_list_of_one_app_leaves_out_the_others(alice, charlie, garden):
    make_conversation(alice, garden, "How much water?")
    other = type(garden.app).unscoped.create(
        organization=alice.organization, name="Other", slug="other", draft_pipeline={}
    )
    client = signed_in(alice)
    assert "How much water?" not in body_of(client.get(LIST, {"app": str(other.id)}))
    assert "How much water?" in body_of(client.get(LIST, {"app": str(garden.app.id)}))
    assert signed_in(charlie).get(LIST, {"app": str(garden.app.id)}).status_code == 404


def test_long_list_comes_in_pages(alice, garden):
    for number in range(26):
        make_conversation(alice, garden, f"Question {number:02}?")
    client = signed_in(alice)
    first = body_of(client.get(LIST))
    assert "Page 1 of 2" in first
    assert "Question 00?" not in first
    assert "Question 00?" in body_of(client.get(LIST, {"page": "2"}))
    assert "Page 2 of 2" in body_of(client.get(LIST, {"page": "99"}))


def test_name_is_changed_and_the_list_is_where_it_was(alice, garden):
    mine = make_conversation(alice, garden, "How much water?")
    address = reverse("runs:conversation-rename", args=[mine.id])
    fields = {"title": "  Watering \u202e the\nbeds 🌱 ", "next": "/conversations/?page=1"}
    response = signed_in(alice).post(address, fields)
    assert response["Location"] == "/conversations/?page=1"
    mine.refresh_from_db()
    assert mine.title == "Watering the beds 🌱"


def test_way_back_after_a_change_leads_nowhere_else(alice, garden):
    mine = make_conversation(alice, garden, "How much water?")
    address = reverse("runs:conversation-rename", args=[mine.id])
    response = signed_in(alice).post(address, {"title": "x", "next": "https://evil.example/"})
    assert response["Location"] == LIST


@pytest.mark.parametrize("title", ["", "  ", "x" * 201])
def test_refused_name_keeps_its_text(alice, garden, title):
    mine = make_conversation(alice, garden, "How much water?")
    response = signed_in(alice).post(
        reverse("runs:conversation-rename", args=[mine.id]), {"title": title}
    )
    assert response.status_code == 400
    assert f'value="{title}"' in response.content.decode()
    mine.refresh_from_db()
    assert mine.title == "How much water?"


def test_deleting_names_what_goes_and_then_all_of_it_goes(alice, garden):
    mine = make_conversation(alice, garden, "How much water?", "And in winter?")
    run = mine.runs.first()
    Report.unscoped.create(organization=alice.organization, run=run, reason="wrong")
    Feedback.unscoped.create(
        organization=alice.organization, run=run, user=alice.user, verdict="bad"
    )
    client = signed_in(alice)
    address = reverse("runs:conversation-delete", args=[mine.id])
    asked = body_of(client.get(address))
    assert "“How much water?” goes, with its 2 questions" in asked
    assert Conversation.unscoped.exists()
    assert "“How much water?” is deleted." in body_of(client.post(address, follow=True))
    assert list(Run.unscoped.all()) == [garden.run]
    assert not Report.unscoped.exists()
    assert client.post(address).status_code == 404  # a second click, or the way back


def test_conversation_is_not_deleted_while_it_is_answered(alice, garden):
    mine = make_conversation(alice, garden, "How much water?")
    mine.runs.update(state=RunState.RUNNING)
    response = signed_in(alice).post(reverse("runs:conversation-delete", args=[mine.id]))
    assert response.status_code == 409
    assert Conversation.unscoped.filter(pk=mine.pk).exists()


@pytest.mark.parametrize("payload", PAYLOADS)
def test_c20_what_people_store_in_a_conversation_stays_text_on_every_page(alice, garden, payload):
    mine = make_conversation(alice, garden, payload)
    run = mine.runs.get()
    Answer.objects.filter(run=run).update(
        text=f"{payload} [1]", prompt=[{"role": payload, "content": payload}],
        events=[{"type": "stage.finished", "kind": payload, "plugin": payload, "ms": 1.0,
                 "detail": {payload: payload}}],
    )  # fmt: skip
    Citation.objects.create(
        run=run, ordinal=0, n=1, chunk_id=1, document_id=garden.document.id, page=1, start=0,
        document_name=payload, end=4, quote=payload, answer_start=0, answer_end=len(payload),
    )  # fmt: skip
    Feedback.unscoped.create(
        organization=alice.organization, run=run, user=alice.user, verdict="bad",
        reason=FeedbackReason.OTHER, comment=payload,
    )  # fmt: skip
    Report.unscoped.create(
        organization=alice.organization, run=run, user=alice.user, reason="other", text=payload
    )
    type(garden.app).unscoped.filter(pk=garden.app.pk).update(name=payload)
    client = signed_in(alice)
    citation = run.citations.get()
    for address in (
        f"/runs/{run.id}/",
        f"/runs/{run.id}/?view=reading",
        f"/runs/{run.id}/trace/",
        f"/runs/{run.id}/sources/{citation.document_id}/?start=0&end=4",
        f"/apps/{garden.app.id}/",
        LIST,
        f"{LIST}?q={payload}",
        f"{LIST}{mine.id}/delete/",
        "/reports/",
    ):
        response = client.get(address)
        assert response.status_code == 200, address
        page = response.content.decode()
        for live in ("<script>alert", "<img src=x", "<svg/onload"):
            assert live not in page, address


@pytest.mark.parametrize("address", [LIST, "/reports/"])
def test_lists_cost_the_same_however_long_they_are(alice, garden, address):
    def add(count: int) -> None:
        for _ in range(count):
            run = make_conversation(alice, garden, "How much water?").runs.get()
            Report.unscoped.create(
                organization=alice.organization, run=run, user=alice.user, reason="wrong"
            )

    add(1)
    assert cost(alice, address) == (add(15), cost(alice, address))[1]


def test_conversation_costs_the_same_however_long_it_is(alice, garden):
    short = make_conversation(alice, garden, "One?", "Two?").runs.get(question="Two?")
    names = [f"Question {number}?" for number in range(12)]
    long = make_conversation(alice, garden, *names).runs.get(question=names[-1])
    assert cost(alice, f"/runs/{long.id}/") == cost(alice, f"/runs/{short.id}/")


def cost(member, address: str) -> int:
    client = signed_in(member)
    client.get(address)
    with CaptureQueriesContext(connection) as queries:
        assert client.get(address).status_code == 200
    return len(queries)

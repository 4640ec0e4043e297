"""An app on its public page: who may ask, what is said first, who sees an answer."""

import re
import uuid
from datetime import timedelta

import pytest
from django.conf import settings
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from altiplano.kernel.errors import LimitReachedError, NotFoundError
from altiplano.knowledge.models import Document
from altiplano.runs.domain.visiting import forget_old_visits
from altiplano.runs.limits import OpenStreams
from altiplano.runs.models import (
    Answer,
    Conversation,
    DailyUsage,
    Feedback,
    Report,
    Run,
)
from altiplano.runs.visitors import STREAMS_PER_VISITOR, Visitor, run_of_visitor
from altiplano.studio.models import App, AppSharing
from altiplano.studio.public_apps import find_public_app
from tests.factories.runs import make_endpoint, publish_app
from tests.integration.web.conftest import QUOTE, make_document
from tests.integration.web.test_pages import body_of, signed_in
from tests.integration.web.visiting import (
    FRAME,
    PAGE,
    START,
    addresses_of,
    answer,
    ask,
    frame_of,
    go,
    visitor,
)

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def endpoint(db, valkey_url):
    return make_endpoint(is_demonstration=True)


# --- What is said first ---------------------------------------------------------------------------


def test_private_app_has_no_page(garden):
    unknown = visitor().get("/a/green-schools/nothing/")
    private = visitor().get(PAGE)
    assert (private.status_code, unknown.status_code) == (404, 404)
    for response in (private, unknown):
        assert "There is no public app at this address." in body_of(response)
    assert visitor().get(FRAME).status_code == 404
    assert visitor().get(FRAME + "theme.json").status_code == 404


@pytest.mark.parametrize(
    ("language", "sentences"),
    [
        (
            "en",
            [
                "You are talking to an AI, built by <strong>Green Schools</strong> (non-profit)",
                "It answers from 1 document",
                "composting.pdf",
                "A small demonstration model",
                "there is no tracking",
                "stored for 30 days",
            ],
        ),
        (
            "fr",
            [
                "Vous parlez à une IA, créée par <strong>Green Schools</strong>",
                "Elle répond à partir de 1 document",
                "aucun suivi",
                "pendant 30 jours",
            ],
        ),
    ],
)
def test_page_says_in_the_visitors_language_who_answers_and_from_what(
    sharing, garden, language, sentences
):
    garden.app.organization.kind = "non-profit"
    garden.app.organization.save()
    page = body_of(visitor().get(PAGE, headers={"accept-language": language}))
    for sentence in sentences:
        assert sentence in page
    assert f'<html lang="{language}"' in page


def test_examples_are_in_the_readers_language(sharing, garden, settings):
    settings.LANDING_APP = "green-schools/garden"
    AppSharing.unscoped.update(examples=["Un ?", "One?"], example_languages=["fr", "en"])
    for place in (PAGE, "/"):
        english = body_of(visitor().get(place, headers={"accept-language": "en"}))
        french = body_of(visitor().get(place, headers={"accept-language": "fr"}))
        assert ("One?" in english, "Un ?" in english) == (True, False), place
        assert ("One?" in french, "Un ?" in french) == (False, True), place
    framed = body_of(visitor().get(FRAME, {"lang": "fr"}, headers={"accept-language": "en"}))
    assert "Un ?" in framed
    assert "One?" not in framed


def test_owners_words_are_shown_as_text(sharing, garden):
    AppSharing.unscoped.update(
        title="<script>alert(1)</script>",
        greeting="{{ 7|add:7 }} <img src=x onerror=alert(1)>",
        placeholder='"><b>',
        examples=["${7*7}", "<svg onload=alert(1)>"],
    )
    for place in (PAGE, FRAME):
        page = visitor().get(place).content.decode()
        assert "<script>alert" not in page
        assert "<img src=x" not in page
        assert "<svg onload" not in page
        assert "{{ 7|add:7 }}" in page
        assert "&lt;script&gt;alert(1)&lt;/script&gt;" in page


def test_page_costs_the_same_number_of_queries_with_many_documents(
    sharing, garden, django_assert_num_queries
):
    client = visitor()
    with django_assert_num_queries(4):
        client.get(PAGE)
    for number in range(60):
        make_document(garden.collection, f"more {number}.pdf", "ready", language="en")
    with django_assert_num_queries(4):
        page = body_of(client.get(PAGE))
    assert "and 11 more" in page


def test_documents_on_their_way_and_deleted_ones_are_not_named(sharing, garden):
    make_document(garden.collection, "unread.pdf", "queued")
    make_document(garden.collection, "deleted.pdf", "ready", language="en")
    Document.unscoped.filter(name="deleted.pdf").update(deleted_at=timezone.now())
    page = body_of(visitor().get(PAGE))
    assert "It answers from 1 document" in page
    assert "unread.pdf" not in page
    assert "deleted.pdf" not in page


def test_looking_sets_no_visitors_cookie_and_asking_one_for_this_app_alone(sharing, garden):
    client = visitor()
    client.get(PAGE)
    assert "altiplano_visitor" not in client.cookies
    assert "sessionid" not in client.cookies
    ask(client)
    cookie = client.cookies["altiplano_visitor"]
    assert cookie["path"] == PAGE
    assert cookie["httponly"] is True
    assert cookie["samesite"] == "Lax"


# --- Asking ---------------------------------------------------------------------------------------


def test_visitors_question_is_asked_of_what_is_published_and_counts(sharing, garden):
    App.unscoped.update(draft_pipeline={"stages": []})
    run = ask(visitor())
    assert run.version_id == garden.app.published_version_id
    assert run.spec["pipeline"]["stages"]
    assert (run.user_id, run.token_id, run.door) == (None, None, "public")
    assert run.visitor is not None
    assert DailyUsage.unscoped.get().runs == 1


def test_conversation_goes_on_with_its_history(sharing, garden):
    client = visitor()
    first = ask(client)
    answer(first, garden)
    second = ask(client, "And then?", previous=str(first.id))
    assert (second.previous_id, second.visitor) == (first.id, first.visitor)
    assert [message["role"] for message in second.history] == ["user", "assistant"]
    page = body_of(client.get(f"{PAGE}runs/{second.id}/"))
    assert page.index("How long?") < page.index("And then?")


def test_refused_question_stays_in_the_field(sharing, garden):
    AppSharing.unscoped.update(questions_per_visitor=1)
    client = visitor()
    ask(client)
    refused = client.post(PAGE, {"input": "Once <b>more</b>?"})
    assert refused.status_code == 429
    assert int(refused["Retry-After"]) > 3500
    assert "Once &lt;b&gt;more&lt;/b&gt;?" in body_of(refused)
    assert "You have asked as much as a visitor may in an hour (1)" in body_of(refused)
    by_script = client.post(PAGE, {"input": "Again?"}, headers={"HX-Request": "true"})
    assert by_script.status_code == 429
    assert by_script["Content-Type"].startswith("text/plain")
    ask(visitor())
    assert Run.unscoped.filter(visitor__isnull=False).count() == 2


def test_hour_of_a_visitor_passes(sharing, garden):
    AppSharing.unscoped.update(questions_per_visitor=1)
    client = visitor()
    run = ask(client)
    Run.unscoped.filter(pk=run.pk).update(created_at=timezone.now() - timedelta(minutes=61))
    ask(client)


def test_day_of_all_visitors_together_is_bounded(sharing, garden):
    AppSharing.unscoped.update(questions_per_day=2)
    ask(visitor())
    ask(visitor(), place=frame_of(visitor()))
    refused = visitor().post(PAGE, {"input": "A third?"})
    assert refused.status_code == 429
    assert "No more questions are answered here today" in body_of(refused)


def test_members_questions_do_not_use_up_the_visitors_day(alice, sharing, garden):
    AppSharing.unscoped.update(questions_per_day=1)
    signed_in(alice).post(reverse("runs:chat", args=[garden.app.id]), {"input": "Mine?"})
    ask(visitor())


def test_organizations_own_quota_holds_for_visitors(sharing, garden, settings):
    settings.RUNS_PER_DAY = 0
    assert visitor().post(PAGE, {"input": "May I?"}).status_code == 429
    assert not Run.unscoped.filter(visitor__isnull=False).exists()


def test_question_must_come_from_the_page_itself(sharing, garden):
    client = Client(enforce_csrf_checks=True)
    assert client.post(PAGE, {"input": "From elsewhere?"}).status_code == 403
    token = re.search(
        r'name="csrfmiddlewaretoken" value="(\w+)"', client.get(PAGE).content.decode()
    )[1]
    fields = {"input": "From here?", "csrfmiddlewaretoken": token}
    for origin in ("null", "https://www.school.example", "https://evil.example"):
        assert client.post(PAGE, fields, headers={"origin": origin}).status_code == 403
    assert client.post(PAGE, fields).status_code == 302


def test_visitors_leave_open_answers_to_the_members(alice, sharing, settings):
    settings.STREAMS_PER_ORGANIZATION = 10
    streams, public = OpenStreams(), find_public_app("green-schools", "garden")
    one = Visitor(uuid.uuid4(), public).principal
    for _ in range(STREAMS_PER_VISITOR):
        streams.take(one)
    with pytest.raises(LimitReachedError):
        streams.take(one)
    streams.take(Visitor(uuid.uuid4(), public).principal)
    with pytest.raises(LimitReachedError):
        streams.take(Visitor(uuid.uuid4(), public).principal)
    streams.take(alice.principal)


# --- Whose answer it is ---------------------------------------------------------------------------


def test_visitor_can_do_everything_with_their_own_answer(sharing, garden):
    client = visitor()
    run = ask(client)
    answer(run, garden)
    page = body_of(client.get(f"{PAGE}runs/{run.id}/"))
    assert "It is mature after six months" in page
    for name, (method, address) in addresses_of(run, garden).items():
        wanted = 200 if method == "GET" else 302
        assert go(client, name, method, address) == wanted, name
        assert address.partition("?")[0] in page or name in {"page", "events", "cancel"}, name
    assert Feedback.unscoped.get().user_id is None
    assert Report.unscoped.get().user_id is None
    assert "/trace/" not in page


def test_nobody_else_gets_in_by_any_of_the_doors(alice, charlie, sharing, garden):
    """Another visitor, the owner, a stranger: for each of them the run is not there."""
    run = ask(visitor())
    answer(run, garden)
    another = visitor()
    ask(another)
    framed = frame_of(visitor())
    for name, (method, address) in addresses_of(run, garden).items():
        for client in (visitor(), another, signed_in(alice), signed_in(charlie)):
            assert go(client, name, method, address) == 404, name
    for name, (method, address) in addresses_of(run, garden, framed).items():
        assert go(visitor(), name, method, address) == 404, name
    for fields in ({"previous": str(run.id)}, {"instead_of": str(run.id)}):
        assert another.post(PAGE, {"input": "Go on?", **fields}).status_code == 404
    assert Feedback.unscoped.count() == Report.unscoped.count() == 0


def test_members_run_is_not_there_for_visitors_nor_by_api(alice, sharing, garden):
    for name, (method, address) in addresses_of(garden.run, garden).items():
        assert go(visitor(), name, method, address) == 404, name
        assert go(signed_in(alice), name, method, address) == 404, name
    run = ask(visitor())
    for path in ("", "/events"):
        assert visitor().get(f"/api/v1/runs/{run.id}{path}").status_code == 401


def test_visitor_of_one_app_is_nobody_at_another(alice, sharing, garden):
    other = publish_app(alice.organization, slug="other")
    AppSharing.unscoped.create(organization=alice.organization, app=other, is_public=True)
    client = visitor()
    run = ask(client)
    answer(run, garden)
    client.cookies["altiplano_visitor"]["path"] = "/"
    for name, (method, address) in addresses_of(run, garden, "/a/green-schools/other/").items():
        assert go(client, name, method, address) == 404, name


def test_forged_cookie_is_a_new_visitor(sharing, garden):
    client = visitor()
    run = ask(client)
    value = client.cookies["altiplano_visitor"].value
    for forged in (value[:-1] + ("A" if value[-1] != "A" else "B"), run.visitor.hex, "", "x:y:z"):
        other = visitor()
        other.cookies["altiplano_visitor"] = forged
        assert other.get(f"{PAGE}runs/{run.id}/").status_code == 404
        assert other.get(PAGE).status_code == 200


def test_closed_app_closes_every_door_at_once(sharing, garden):
    client = visitor()
    run = ask(client)
    answer(run, garden)
    framed = frame_of(visitor())
    AppSharing.unscoped.update(is_public=False)
    for name, (method, address) in addresses_of(run, garden).items():
        assert go(client, name, method, address) == 404, name
    assert visitor().get(framed).status_code == 404
    assert visitor().post(framed, {"input": "Still?"}).status_code == 404


# --- What visitors see of the documents -----------------------------------------------------------


def test_source_is_the_passage_that_was_found_and_no_other(sharing, garden):
    client = visitor()
    run = ask(client)
    answer(run, garden)
    _method, address = addresses_of(run, garden)["source"]
    shown = body_of(client.get(address, headers={"HX-Request": "true"}))
    assert f'<mark id="passage">{QUOTE}</mark>' in shown
    assert "Open the document" not in shown
    for span in ("?start=0&end=10", "", "?start=-1&end=5", "?start=0&end=99999999999"):
        assert client.get(address.partition("?")[0] + span).status_code == 404, span


def test_source_shows_nothing_around_what_the_model_was_shown(sharing, garden):
    client = visitor()
    run = ask(client)
    answer(run, garden)
    Answer.objects.filter(run=run).update(events=[])
    _method, address = addresses_of(run, garden)["source"]
    assert "Composting." not in body_of(client.get(address))


def test_documents_are_closed_unless_the_owner_opens_them(sharing, garden):
    address = f"{PAGE}documents/{garden.document.id}/"
    assert visitor().get(address).status_code == 404
    AppSharing.unscoped.update(opens_documents=True)
    assert "Composting." in body_of(visitor().get(address))
    second = body_of(visitor().get(address + "?page=2"))
    assert QUOTE in second
    assert "?page=1" in second
    elsewhere = make_document(garden.collection, "gone.pdf", "ready", language="en")
    Document.unscoped.filter(pk=elsewhere.pk).update(active_version=None)
    assert visitor().get(f"{PAGE}documents/{elsewhere.id}/").status_code == 404
    client = visitor()
    run = ask(client)
    answer(run, garden)
    _method, source = addresses_of(run, garden)["source"]
    shown = body_of(client.get(source, headers={"HX-Request": "true"}))
    assert f"{address}?start={START}" in shown


# --- Forgetting -----------------------------------------------------------------------------------


def test_what_visitors_asked_is_forgotten_after_a_month_and_nothing_else(sharing, garden):
    client = visitor()
    old, young = ask(client), ask(client, "Younger?")
    answer(old, garden)
    long_ago = timezone.now() - timedelta(days=settings.VISITOR_DAYS, minutes=1)
    Conversation.unscoped.filter(runs=old).update(asked_at=long_ago)
    Run.unscoped.filter(pk=garden.run.pk).update(created_at=long_ago)
    assert forget_old_visits() == 1
    assert set(Run.unscoped.values_list("id", flat=True)) == {young.id, garden.run.id}
    assert DailyUsage.unscoped.get().runs == 2
    assert forget_old_visits() == 0


def test_answer_that_is_still_being_written_is_not_forgotten(sharing, garden):
    run = ask(visitor())
    Conversation.unscoped.filter(runs=run).update(asked_at=timezone.now() - timedelta(days=365))
    assert forget_old_visits() == 0


def test_visitor_and_run_of_different_apps_do_not_meet(alice, sharing, garden):

    run = ask(visitor())
    public = find_public_app("green-schools", "garden")
    assert run_of_visitor(Visitor(run.visitor, public), run.id) == run
    with pytest.raises(NotFoundError):
        run_of_visitor(Visitor(run.visitor, public), "no id")

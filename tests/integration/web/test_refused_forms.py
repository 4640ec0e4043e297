"""A form that is refused comes back, without script too: the same page, the text, and why."""

import re

import pytest
from django.http import HttpResponse
from django.urls import reverse

from altiplano.runs.models import Feedback, Report, Run, RunState
from tests.factories.runs import make_endpoint
from tests.integration.web.test_pages import body_of, signed_in
from tests.integration.web.visiting import addresses_of, answer, ask, visitor

pytestmark = pytest.mark.django_db
PART = {"HX-Request": "true"}
TOO_LONG = "It names <b>a pupil</b>. " * 100


def text_of(response: HttpResponse, field: str) -> str:
    """What stands in the text area with this id, as its HTML."""
    page = response.content.decode()
    found = re.search(rf'<textarea[^>]*id="{field}"[^>]*>\n?(.*?)</textarea>', page, re.DOTALL)
    assert found, field
    return found[1]


def escaped(text: str) -> str:
    return text.replace("<", "&lt;").replace(">", "&gt;")


def test_refused_report_keeps_its_text_and_says_why_beside_the_field(alice, garden):
    run = garden.run.id
    address = reverse("runs:run-report", args=[run])
    response = signed_in(alice).post(address, {"reason": "personal", "text": TOO_LONG})
    page = body_of(response)
    assert response.status_code == 400
    assert "How long does compost take?" in page
    assert text_of(response, f"report-text-{run}") == escaped(TOO_LONG)
    assert re.search(rf'id="report-problem-{run}">The text is too long; at most 2,000', page)
    assert re.search(rf'id="report-personal-{run}"[^>]*checked', page)
    assert re.search(r'<details class="reporting"\s+open>', page)
    assert not Report.unscoped.exists()


def test_refused_report_in_french_speaks_french(alice, garden):
    address = reverse("runs:run-report", args=[garden.run.id])
    response = signed_in(alice, "fr").post(address, {"text": "Un nom."})
    assert "Choisissez ce qui ne va pas dans la réponse." in body_of(response)
    assert text_of(response, f"report-text-{garden.run.id}") == "Un nom."


def test_refused_reason_of_a_judgement_keeps_the_comment(alice, garden):
    run = garden.run.id
    address = reverse("runs:run-judge", args=[run])
    wish = {"verdict": "bad", "reason": "outdated", "comment": TOO_LONG}
    response = signed_in(alice).post(address, wish)
    page = body_of(response)
    assert response.status_code == 400
    assert text_of(response, f"comment-{run}") == escaped(TOO_LONG.strip())
    assert re.search(rf'id="why-problem-{run}">The comment is too long', page)
    assert re.search(rf'id="reason-outdated-{run}"[^>]*checked', page)
    assert not Feedback.unscoped.exists()


@pytest.mark.parametrize("wish", [{"verdict": "maybe"}, {"verdict": "bad", "reason": "no"}])
def test_judgement_that_makes_no_sense_is_told_on_the_same_page(alice, garden, wish):
    response = signed_in(alice).post(reverse("runs:run-judge", args=[garden.run.id]), wish)
    assert response.status_code == 400
    assert "How long does compost take?" in body_of(response)
    assert 'role="alert"' in body_of(response)


def test_answer_that_still_grows_cannot_be_judged_and_the_page_says_so(alice, garden):
    Run.unscoped.filter(pk=garden.run.pk).update(state=RunState.RUNNING)
    for name in ("runs:run-judge", "runs:run-report"):
        address = reverse(name, args=[garden.run.id])
        response = signed_in(alice).post(address, {"verdict": "good", "reason": "wrong"})
        assert response.status_code == 409
        assert "How long does compost take?" in body_of(response)


@pytest.mark.parametrize("name", ["runs:run-judge", "runs:run-report"])
def test_script_gets_the_sentence_alone(alice, garden, name):
    wish = {"verdict": "bad", "reason": "wrong", "comment": TOO_LONG, "text": TOO_LONG}
    address = reverse(name, args=[garden.run.id])
    response = signed_in(alice).post(address, wish, headers=PART)
    assert response.status_code == 400
    assert response["Content-Type"] == "text/plain; charset=utf-8"
    assert "at most 2,000 characters" in response.content.decode()


def test_visitor_keeps_a_refused_report_and_judgement(garden, sharing, valkey_url):
    make_endpoint()
    client = visitor()
    run = ask(client, "How much water?")
    answer(run, garden)
    addresses = addresses_of(run, garden)
    for name, field in (("report", "report-text"), ("feedback", "comment")):
        wish = {"verdict": "bad", "reason": "wrong", "text": TOO_LONG, "comment": TOO_LONG}
        response = client.post(addresses[name][1], wish)
        page = body_of(response)
        assert response.status_code == 400
        assert text_of(response, f"{field}-{run.id}").strip() == escaped(TOO_LONG.strip())
        assert "How much water?" in page


def test_refused_note_on_a_report_stays_with_its_report(alice, garden):
    reports = [
        Report.unscoped.create(organization=alice.organization, run=garden.run, reason="wrong")
        for _ in range(21)
    ]
    last = Report.unscoped.order_by("created_at", "id").last()
    address = reverse("runs:report-close", args=[last.id])
    response = signed_in(alice).post(address, {"note": TOO_LONG, "page": "2"})
    page = body_of(response)
    assert response.status_code == 400
    assert page.count("<textarea") == len(reports) - 20
    assert text_of(response, f"note-{last.id}") == escaped(TOO_LONG)
    assert f'id="problem-{last.id}">The text is too long' in page
    assert 'href="/reports/?page=1"' in page

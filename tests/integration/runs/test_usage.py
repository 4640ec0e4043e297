"""Every run that ends is counted once, for its day, app, door and person; and what is read of it."""

import csv
import io
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from uuid import uuid4

import pytest
from asgiref.sync import async_to_sync
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from altiplano.kernel.job_sweeping import sweep_jobs
from altiplano.kernel.models import Job
from altiplano.runs.domain.cancelling import cancel_run
from altiplano.runs.domain.execution import (
    StoredOutcome,
    begin_runs,
    fail_run_job,
    store_outcomes,
)
from altiplano.runs.domain.feedback import give_feedback, withdraw_feedback
from altiplano.runs.domain.starting import start_run
from altiplano.runs.domain.usage import EndedRun, count_runs
from altiplano.runs.models import Run
from altiplano.runs.periods import Period
from altiplano.runs.usage import read_usage
from altiplano.runs.usage_models import AppUsage, Door, PersonUsage
from tests.factories.runs import make_endpoint, publish_app

pytestmark = pytest.mark.django_db
TODAY = datetime.now(UTC).date()
WEEK = Period(TODAY - timedelta(days=6), TODAY)


@pytest.fixture
def app(alice):
    make_endpoint()
    return publish_app(alice.organization, name="Garden")


def ask(member, app, **more) -> Run:
    return start_run(principal=member.principal, app=app, question="How long?", **more)


def end(**outcome) -> None:
    """Everything that waits ends alike."""
    works = begin_runs(10)
    outcome = StoredOutcome(**{"state": "finished", "answer": "Six.", **outcome})
    assert all(store_outcomes([(work.claim, outcome) for work in works]))


def counted(organization, **more):
    (row,) = AppUsage.objects.within(organization.id).filter(**more)
    return row


def ended(organization, app_id, **more) -> EndedRun:
    given = {
        "organization_id": organization.id,
        "app_id": app_id,
        "user_id": None,
        "door": Door.PORTAL,
        "asked_at": timezone.now(),
        "state": "finished",
    }
    return EndedRun(**{**given, **more})


def test_answer_is_counted_with_its_tokens(alice, app):
    ask(alice, app)
    ask(alice, app)
    assert not AppUsage.unscoped.exists()
    end(prompt_tokens=100, completion_tokens=7, abstained=True)
    row = counted(alice.organization)
    assert (row.day, row.app_id, row.door) == (TODAY, app.id, Door.PORTAL)
    assert (row.asked, row.abstained, row.failed, row.cancelled) == (2, 2, 0, 0)
    assert (row.prompt_tokens, row.completion_tokens) == (200, 14)
    (person,) = PersonUsage.objects.within(alice.organization.id)
    assert (person.user_id, person.asked, person.completion_tokens) == (alice.user.id, 2, 14)


def test_first_word_is_timed_from_the_question_on(alice, app):
    run = ask(alice, app)
    Run.unscoped.filter(id=run.id).update(created_at=timezone.now() - timedelta(seconds=8))
    end(timings={"first_token_ms": 500.0, "total_ms": 2000.0})
    usage = read_usage(alice.organization.id, WEEK, with_people=False)
    assert usage.total.median_ms == pytest.approx(7000, rel=0.01)
    assert usage.apps[0].amounts.median_ms == usage.total.median_ms


def test_answer_without_a_word_has_no_time(alice, app):
    ask(alice, app)
    end(state="failed", code="engine", message="The model does not answer.")
    assert counted(alice.organization).failed == 1
    assert read_usage(alice.organization.id, WEEK, with_people=False).total.median_ms is None


def test_run_cancelled_in_the_queue_is_counted_once(alice, app):
    run = ask(alice, app)
    cancel_run(run)
    cancel_run(run)
    row = counted(alice.organization)
    assert (row.asked, row.cancelled) == (1, 1)


def test_run_whose_worker_died_is_counted_once(alice, app):
    ask(alice, app)
    begin_runs(1)
    Job.objects.update(lease_until=timezone.now() - timedelta(seconds=1))
    (dead,) = sweep_jobs().exhausted
    assert fail_run_job(dead) is not None
    assert fail_run_job(dead) is None
    assert counted(alice.organization).failed == 1


def test_doors_are_told_apart(alice, app):
    ask(alice, app)
    ask(alice, app, door=Door.OPENAI)
    end()
    usage = read_usage(alice.organization.id, WEEK, with_people=False)
    assert [part.amounts.asked for part in usage.doors] == [1, 0, 1, 0, 0]


def test_key_comes_through_the_api(alice, app):
    principal = replace(alice.principal, token_id=uuid4())
    assert start_run(principal=principal, app=app, question="How?").door == Door.API


def test_judgement_is_counted_changed_and_withdrawn(alice, bob, app):
    run = ask(alice, app)
    end()
    run.refresh_from_db()

    def verdicts():
        row = counted(alice.organization)
        return row.helpful, row.unhelpful

    give_feedback(principal=alice.principal, run=run, verdict="good")
    give_feedback(principal=alice.principal, run=run, verdict="good", comment="Yes.")
    assert verdicts() == (1, 0)
    give_feedback(principal=alice.principal, run=run, verdict="bad")
    assert verdicts() == (0, 1)
    withdraw_feedback(principal=alice.principal, run=run)
    withdraw_feedback(principal=alice.principal, run=run)
    assert verdicts() == (0, 0)


def test_days_without_a_question_are_there(alice, app):
    count_runs([ended(alice.organization, app.id, asked_at=timezone.now() - timedelta(days=2))])
    days = read_usage(alice.organization.id, WEEK, with_people=False).spans
    assert [day.amounts.asked for day in days] == [0, 0, 0, 0, 1, 0, 0]


def test_nobody_sees_another_organization(alice, charlie, app):
    count_runs([ended(alice.organization, app.id, user_id=alice.user.id)])
    usage = read_usage(charlie.organization.id, WEEK, with_people=True)
    assert (usage.total.asked, usage.apps, usage.people, usage.people_count) == (0, [], [], 0)


def test_what_was_used_stays_when_the_app_is_gone(alice, app):
    count_runs([ended(alice.organization, app.id, prompt_tokens=5)])
    app.delete()
    usage = read_usage(alice.organization.id, WEEK, with_people=False)
    assert [(part.name, part.amounts.tokens) for part in usage.apps] == [("", 5)]


@pytest.fixture
def usage_page(alice, app):
    count_runs(
        [
            ended(alice.organization, app.id, user_id=alice.user.id, prompt_tokens=1234),
            ended(alice.organization, app.id, door=Door.PUBLIC),
        ]
    )
    return lambda member, query="": member.browser.get("/usage/" + query)


def test_page_shows_people_to_owners_alone(usage_page, alice, vera):
    assert "By person" in usage_page(alice).content.decode()
    for_viewer = usage_page(vera).content.decode()
    assert "By person" not in for_viewer
    assert alice.user.email not in for_viewer
    assert "1,234" in for_viewer


def test_page_writes_numbers_as_the_language_does(usage_page, alice):
    browser = alice.browser
    browser.cookies["django_language"] = "fr"
    page = browser.get("/usage/").content.decode()
    assert "1\xa0234" in page
    assert "Utilisation" in page


@pytest.mark.parametrize(
    "query",
    ["?from=2026-02-30&to=2026-03-01", "?from=2026-03-01", "?from=2026-03-02&to=2026-03-01",
     "?from=2020-01-01&to=2026-01-01", "?from=x&to=y"],
)  # fmt: skip
def test_odd_period_is_explained(usage_page, alice, query):
    answer = usage_page(alice, query)
    assert answer.status_code == 400
    assert 'aria-invalid="true"' in answer.content.decode()


def test_page_of_an_organization_without_questions_says_so(charlie):
    assert "Nobody asked anything" in charlie.browser.get("/usage/").content.decode()


def test_page_asks_the_database_as_often_for_much_as_for_little(usage_page, alice):
    client = Client()
    client.force_login(alice.user)
    client.get("/usage/")
    with CaptureQueriesContext(connection) as few:
        client.get("/usage/")
    for number in range(3):
        another = publish_app(alice.organization, name=f"App {number}")
        count_runs(
            [
                ended(
                    alice.organization, another.id, user_id=alice.user.id, first_word_ms=90.0,
                    asked_at=timezone.now() - timedelta(days=number),
                )
            ]
        )  # fmt: skip
    with CaptureQueriesContext(connection) as many:
        client.get("/usage/")
    assert len(many) == len(few)


def rows_of(member, address: str, language: str = "en") -> list[list[str]]:
    browser = member.browser
    browser.cookies["django_language"] = language
    answer = browser.get(address)
    assert answer.status_code == 200, address

    async def read() -> bytes:
        return b"".join([part async for part in answer.streaming_content])

    raw = async_to_sync(read)().decode()
    assert raw.startswith("\ufeff")
    separator = ";" if language == "fr" else ","
    return list(csv.reader(io.StringIO(raw[1:], newline=""), delimiter=separator))


def test_files_hold_what_the_page_shows(alice, app):
    count_runs(
        [
            ended(alice.organization, app.id, user_id=alice.user.id, first_word_ms=100.0),
            ended(alice.organization, app.id, door=Door.API),
        ]
    )
    apps = rows_of(alice, "/usage/apps.csv?days=7")
    assert apps[1][:3] == ["Garden", "2", "2"]
    people = rows_of(alice, "/usage/people.csv?days=7")
    assert [row[:2] for row in people[1:]] == [["Alice", "1"]]
    days = rows_of(alice, "/usage/days.csv?days=7")
    assert len(days) == 8
    assert days[-1][:2] == [TODAY.isoformat(), "2"]
    details = rows_of(alice, "/usage/details.csv?days=90", "fr")
    assert details[0][:3] == ["Jour (UTC)", "Application", "Entrée"]
    assert {row[2] for row in details[1:]} == {"ces pages", "l\u2019API"}


def test_file_of_people_is_for_owners(vera):
    assert vera.browser.get("/usage/people.csv").status_code == 403
    assert vera.browser.get("/usage/nothing.csv").status_code == 404


def test_person_who_asked_on_two_days_of_a_month_is_counted_once_in_it(alice, app):
    asked = [datetime(2026, month, day, 12, tzinfo=UTC) for month, day in ((3, 2), (3, 31), (4, 1))]
    count_runs(
        [
            ended(alice.organization, app.id, user_id=alice.user.id, asked_at=each, prompt_tokens=5)
            for each in asked
        ]
    )
    year = Period(date(2026, 1, 1), date(2026, 12, 31))
    months = read_usage(alice.organization.id, year, with_people=False).spans
    assert len(months) == 12
    assert [(each.amounts.asked, each.amounts.tokens, each.people) for each in months[2:5]] == [
        (2, 10, 1), (1, 5, 1), (0, 0, 0),
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("query", "title", "line"),
    [
        ("?from=2026-03-01&to=2026-03-31", "By day", "31 March 2026"),
        ("?from=2026-03-01&to=2026-05-01", "By week", "30 March 2026"),
        ("?from=2026-01-01&to=2026-12-31", "By month", "March 2026"),
    ],
)
def test_page_goes_on_in_steps_that_suit_the_period(alice, app, query, title, line):
    asked = datetime(2026, 3, 31, 12, tzinfo=UTC)
    count_runs([ended(alice.organization, app.id, user_id=alice.user.id, asked_at=asked)])
    page = alice.browser.get("/usage/" + query).content.decode()
    assert f">{title}<" in page
    assert page.count(f'<th scope="row">{line}</th>') == 1
    assert len(rows_of(alice, "/usage/days.csv" + query)) > 31


def test_period_comes_in_pieces_without_a_gap():
    period = Period(date(2026, 1, 1), date(2026, 3, 5))
    pieces = list(period.pieces(31))
    assert [day for piece in pieces for day in piece.days()] == list(period.days())
    assert [piece.length for piece in pieces] == [31, 31, 2]


def test_page_lists_the_busiest_apps_and_says_how_many_more_there_are(alice, app):
    apps = [publish_app(alice.organization, name=f"App {number}") for number in range(22)]
    count_runs(
        [ended(alice.organization, each.id) for at, each in enumerate(apps) for _ in range(at + 1)]
    )
    page = alice.browser.get("/usage/").content.decode()
    assert "App 21<" in page
    assert "App 1<" not in page
    assert "2 more apps were asked less" in page

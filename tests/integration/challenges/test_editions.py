# ruff: noqa: DTZ001 - a time that a clock on the wall shows has no zone
"""Editions are published with their rules, freeze when they begin, and are only ever extended."""

from datetime import datetime, timedelta

import pytest
from django.db import Error, connection, transaction
from django.utils import timezone

from altiplano.accounts.models import AuditEvent, User
from altiplano.challenges.calendar import State, read_wall_time
from altiplano.challenges.domain.editions import (
    freeze_begun_editions,
    opening_floor,
    publish_edition,
)
from altiplano.challenges.domain.extensions import extend_phase
from altiplano.challenges.models import (
    Criterion,
    Edition,
    Extension,
    HeldOutQuestion,
    Phase,
    PhaseKind,
    Prize,
    Track,
)
from altiplano.challenges.queries import published_editions, standing_of
from altiplano.kernel.errors import ConflictError
from tests.factories.accounts import OrganizationFactory
from tests.factories.challenges import (
    add_phase,
    begin,
    draft_edition,
    publish_edition_now,
    publish_rules,
)
from tests.factories.studio import CollectionFactory

pytestmark = pytest.mark.django_db
DAY = timedelta(days=1)


def refused(code: str):
    return pytest.raises(ConflictError, check=lambda error: error.code == code)


def extend(phase: Phase, by: timedelta, actor=None) -> Extension:
    return extend_phase(
        phase=phase,
        closes_at=phase.closes_at + by,
        reason_en="The line was down.",
        reason_fr="La ligne était coupée.",
        actor=actor,
    )


@pytest.mark.parametrize(
    ("part", "code"),
    [("tracks", "track_is_missing"), ("criteria", "criterion_is_missing"),
     ("phases", "phase_is_missing")],
)  # fmt: skip
def test_edition_that_lacks_a_part_is_not_published(part, code):
    edition = draft_edition()
    add_phase(edition, timezone.now() + DAY, timezone.now() + 2 * DAY)
    getattr(edition, part).all().delete()
    with refused(code):
        publish_edition(edition=edition, actor=None)


def test_edition_without_published_rules_is_not_published():
    edition = draft_edition()
    add_phase(edition, timezone.now() + DAY, timezone.now() + 2 * DAY)
    Edition.objects.filter(pk=edition.pk).update(rules=None)
    with refused("rules_are_missing"):
        publish_edition(edition=edition, actor=None)


def test_no_phase_opens_before_its_rules_were_public_for_the_stated_hours():
    edition = draft_edition(rules_notice_hours=48)
    phase = add_phase(edition, timezone.now() + DAY, timezone.now() + 9 * DAY)
    with refused("rules_are_too_new"):
        publish_edition(edition=edition, actor=None)
    floor = opening_floor(edition)
    assert floor == edition.rules.published_at + timedelta(hours=48)
    Phase.objects.filter(pk=phase.pk).update(opens_at=floor - timedelta(seconds=1))
    with refused("rules_are_too_new"):
        publish_edition(edition=edition, actor=None)
    Phase.objects.filter(pk=phase.pk).update(opens_at=floor)
    assert publish_edition(edition=edition, actor=None).published_at is not None


def test_no_phase_opens_before_its_rules_are_in_force():
    rules = publish_rules(effective_at=timezone.now() + 3 * DAY)
    edition = draft_edition(rules=rules)
    add_phase(edition, timezone.now() + 2 * DAY, timezone.now() + 9 * DAY)
    with refused("rules_are_too_new"):
        publish_edition(edition=edition, actor=None)


def test_edition_is_published_once_with_a_record_and_never_when_it_would_be_open():
    staff = User.objects.create_superuser("staff@example.org")
    edition = draft_edition()
    phase = add_phase(edition, timezone.now() - DAY, timezone.now() + DAY)
    rules = edition.rules
    with refused("rules_are_too_new"):
        publish_edition(edition=edition, actor=staff)
    assert rules.published_at is not None
    Phase.objects.filter(pk=phase.pk).update(opens_at=timezone.now() + DAY / 2)
    publish_edition(edition=edition, actor=staff)
    with refused("is_published"):
        publish_edition(edition=edition, actor=staff)
    event = AuditEvent.objects.get(action="edition.published")
    assert (event.actor_label, event.data) == (staff.email, {"edition": "first"})


def test_published_edition_can_be_changed_until_its_first_phase_opens():
    edition = publish_edition_now()
    edition.brief_en = "Better words."
    edition.save()
    edition = begin(edition)
    edition.brief_en = "Other words."
    with refused("edition_is_frozen"):
        edition.save()
    assert Edition.objects.get().brief_en == "Better words."


def test_every_part_of_a_begun_edition_is_frozen_in_the_models():
    edition = begin(publish_edition_now())
    for model in (Track, Prize, Criterion, HeldOutQuestion, Phase):
        row = model.objects.get()
        for act in (row.save, row.delete):
            with refused("edition_is_frozen"):
                act()
    with refused("edition_is_frozen"):
        Track(edition=edition, slug="new", kind="other", name_en="N", name_fr="N").save()
    with refused("edition_is_frozen"):
        edition.delete()


def database_refuses(act) -> bool:
    try:
        with transaction.atomic():
            act()
    except Error:
        return True
    return False


def test_database_keeps_a_frozen_edition_whoever_asks_it():
    edition = begin(publish_edition_now())
    assert freeze_begun_editions() == 1
    assert freeze_begun_editions() == 0
    changes = {
        Edition: {"zone": "UTC", "rules_notice_hours": 1, "slug": "other", "frozen_at": None,
                  "languages": ["es"], "answer_tokens": 9},
        Track: {"name_en": "X"},
        Prize: {"amount": 1},
        Criterion: {"weight": 9},
        HeldOutQuestion: {"text": "X"},
        Phase: {"grace_minutes": 99, "kind": PhaseKind.REVIEW,
                "opens_at": timezone.now() - 9 * DAY, "closes_at": timezone.now() + 99 * DAY},
    }  # fmt: skip
    for model, values in changes.items():
        for name, value in values.items():
            change = {name: value}
            assert database_refuses(lambda m=model, c=change: m.objects.update(**c)), change
        assert database_refuses(lambda m=model: m.objects.all()._raw_delete("default")), model
    late = Track(edition=edition, slug="late", kind="other", name_en="N", name_fr="N")
    assert database_refuses(lambda: Track.objects.bulk_create([late]))


def test_clock_that_is_set_back_thaws_nothing():
    edition = begin(publish_edition_now())
    freeze_begun_editions()
    yesterday = timezone.now() - 2 * DAY
    assert not edition.phases.filter(opens_at__lte=yesterday).exists()
    assert Edition.objects.get().is_frozen(yesterday)


def test_extension_is_an_event_with_a_reason_and_keeps_the_history():
    staff = User.objects.create_superuser("staff@example.org")
    edition = begin(publish_edition_now())
    phase = edition.phases.get()
    first, second = extend(phase, DAY, staff), None
    phase.refresh_from_db()
    assert phase.closes_at == first.closes_at
    second = extend(phase, 2 * DAY, staff)
    assert second.closed_at_before == first.closes_at
    assert [each.closes_at for each in Extension.objects.order_by("id")] == [
        first.closes_at,
        second.closes_at,
    ]
    event = AuditEvent.objects.filter(action="phase.extended").latest("id")
    assert event.data["reason"] == "The line was down."
    assert Edition.objects.get().frozen_at is not None


@pytest.mark.parametrize("by", [timedelta(0), -DAY])
def test_phase_is_never_made_shorter(by):
    phase = begin(publish_edition_now()).phases.get()
    with refused("phase_gets_shorter"):
        extend(phase, by)
    assert not Extension.objects.exists()


def test_phase_is_not_extended_into_the_past_nor_before_the_edition_has_begun():
    edition = publish_edition_now()
    with refused("edition_has_not_begun"):
        extend(edition.phases.get(), DAY)
    begin(edition)
    over = timezone.now() - DAY / 2
    Phase.objects.update(closes_at=over)
    with refused("closes_in_the_past"):
        extend(Phase.objects.get(), timedelta(hours=1))
    assert extend(Phase.objects.get(), 2 * DAY).closed_at_before == over


def test_extension_is_never_rewritten():
    extension = extend(begin(publish_edition_now()).phases.get(), DAY)
    with pytest.raises(RuntimeError):
        extension.save()
    with pytest.raises(RuntimeError):
        extension.delete()
    assert database_refuses(lambda: Extension.objects.update(reason_en="Another."))
    assert database_refuses(lambda: Extension.objects.all()._raw_delete("default"))


def test_who_extended_may_be_forgotten():
    staff = User.objects.create_superuser("staff@example.org")
    extend(begin(publish_edition_now()).phases.get(), DAY, staff)
    staff.delete()
    assert Extension.objects.get().extended_by is None


def test_organizer_that_is_deleted_leaves_the_edition_standing():
    organizer = OrganizationFactory()
    edition = begin(publish_edition_now(organizer))
    edition.corpus.add(CollectionFactory(organization=organizer))
    freeze_begun_editions()
    organizer.delete()
    kept = Edition.objects.get()
    assert (kept.organizer, kept.corpus.count()) == (None, 0)


def test_drafts_are_no_part_of_what_is_public():
    draft_edition("draft")
    publish_edition_now(slug="shown")
    assert [each.slug for each in published_editions()] == ["shown"]


def test_standing_is_what_closes_next_or_opens_next_or_was_last():
    edition = draft_edition(zone="Europe/Paris")
    at = read_wall_time(datetime(2026, 10, 20, 12, 0), "Europe/Paris")
    assert standing_of(edition, at).phase is None
    register = add_phase(edition, at - 9 * DAY, at + 2 * DAY, PhaseKind.REGISTRATION)
    entry = add_phase(edition, at - DAY, at + 9 * DAY, PhaseKind.ENTRY, grace_minutes=30)
    review = add_phase(edition, at + 10 * DAY, at + 20 * DAY, PhaseKind.REVIEW)
    for moment, phase, state in (
        (at - 30 * DAY, register, State.TO_COME),
        (at, register, State.OPEN),
        (at + 5 * DAY, entry, State.OPEN),
        (entry.closes_at, review, State.TO_COME),
        (at + 15 * DAY, review, State.OPEN),
        (at + 40 * DAY, review, State.CLOSED),
    ):
        now = standing_of(edition, moment)
        assert (now.phase, now.state) == (phase, state), moment


def test_guards_are_in_the_database():
    with connection.cursor() as cursor:
        if connection.vendor == "postgresql":
            cursor.execute("SELECT tgname FROM pg_trigger WHERE NOT tgisinternal")
        else:
            cursor.execute("SELECT name FROM sqlite_master WHERE type = 'trigger'")
        names = {row[0] for row in cursor.fetchall()}
    assert {"edition_stays", "phase_stays", "track_is_not_added", "extension_is_kept"} <= names


def test_task_records_what_has_begun_and_nothing_else():
    from altiplano_worker.tasks import upkeep

    publish_edition_now(slug="coming")
    begin(publish_edition_now(slug="begun"))
    draft = draft_edition("draft")
    add_phase(draft, timezone.now() - DAY, timezone.now() + DAY)
    for _twice in range(2):
        upkeep.freeze_editions()
    assert [each.slug for each in Edition.objects.exclude(frozen_at=None)] == ["begun"]
    assert AuditEvent.objects.filter(action="edition.frozen").count() == 1

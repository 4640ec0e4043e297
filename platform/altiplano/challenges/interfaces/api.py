"""REST routes for challenges: what is public of them, for everybody."""

from datetime import datetime

from django.utils import timezone
from ninja import Router
from pydantic import Field

from altiplano.accounts.interfaces.auth import ApiRequest
from altiplano.challenges import queries
from altiplano.challenges.models import Criterion, Edition, Extension, Phase, Prize, Track
from altiplano.kernel.schemas import ResponseBody

router = Router(tags=["challenges"])

Words = dict[str, str]


def _words(row: object, name: str) -> Words:
    return {language: getattr(row, f"{name}_{language}") for language in ("en", "fr")}


class ExtensionOut(ResponseBody):
    closed_at_before: datetime
    closes_at: datetime
    extended_at: datetime
    reason: Words

    @classmethod
    def of(cls, extension: Extension) -> "ExtensionOut":
        return cls(
            closed_at_before=extension.closed_at_before,
            closes_at=extension.closes_at,
            extended_at=extension.extended_at,
            reason=_words(extension, "reason"),
        )


class PhaseOut(ResponseBody):
    phase: str
    opens_at: datetime
    closes_at: datetime = Field(description="What arrives at this instant is late.")
    grace_seconds: int = Field(description="What arrives so much later is still taken.")
    state: str = Field(description="to-come, open, grace or closed, by the server's clock.")
    extensions: list[ExtensionOut] = Field(description="The oldest first.")

    @classmethod
    def of(cls, phase: Phase, at: datetime) -> "PhaseOut":
        return cls(
            phase=phase.kind,
            opens_at=phase.opens_at,
            closes_at=phase.closes_at,
            grace_seconds=phase.grace_minutes * 60,
            state=phase.window.state_at(at),
            extensions=[ExtensionOut.of(each) for each in phase.extensions.all()],
        )


class TrackOut(ResponseBody):
    track: str
    kind: str
    name: Words
    brief: Words

    @classmethod
    def of(cls, track: Track) -> "TrackOut":
        return cls(
            track=track.slug, kind=track.kind, name=_words(track, "name"),
            brief=_words(track, "brief"),
        )  # fmt: skip


class PrizeOut(ResponseBody):
    name: Words
    track: str | None = Field(description="Null: an entry of any track may win it.")
    number: int
    amount: int | None
    currency: str

    @classmethod
    def of(cls, prize: Prize) -> "PrizeOut":
        return cls(
            name=_words(prize, "name"),
            track=prize.track.slug if prize.track else None,
            number=prize.number,
            amount=prize.amount,
            currency=prize.currency,
        )


class CriterionOut(ResponseBody):
    criterion: str
    name: Words
    weight: int
    anchors: dict[str, list[str]] = Field(description="What each mark stands for, 0 first.")

    @classmethod
    def of(cls, criterion: Criterion) -> "CriterionOut":
        return cls(
            criterion=criterion.slug,
            name=_words(criterion, "name"),
            weight=criterion.weight,
            anchors={"en": criterion.anchors_en, "fr": criterion.anchors_fr},
        )


class RulesOut(ResponseBody):
    document: str
    version: int
    url: str
    notice_hours: int = Field(description="So long they are public before a phase opens.")


class EditionOut(ResponseBody):
    edition: str
    challenge: str
    name: Words
    zone: str = Field(description="IANA name of the zone in which its dates were set.")
    published_at: datetime
    now: datetime = Field(description="By the server's clock, which alone counts.")
    phases: list[PhaseOut]

    @classmethod
    def of(cls, edition: Edition, at: datetime) -> "EditionOut":
        return cls.model_validate(_summary(edition, at))


class EditionDetailOut(EditionOut):
    brief: Words = Field(description="Markdown.")
    organizer: str | None
    languages: list[str] = Field(description="In which entries may be.")
    answers_per_entry: int
    tokens_per_answer: int
    seconds_per_answer: int
    rules: RulesOut | None
    tracks: list[TrackOut]
    prizes: list[PrizeOut]
    criteria: list[CriterionOut]
    shared_documents: list[str] = Field(description="Names of the organizer's collections.")


def _summary(edition: Edition, at: datetime) -> dict[str, object]:
    return {
        "edition": edition.slug,
        "challenge": edition.challenge.slug,
        "name": _words(edition, "name"),
        "zone": edition.zone,
        "published_at": edition.published_at,
        "now": at,
        "phases": [PhaseOut.of(each, at) for each in edition.phases.all()],
    }


def _rules(edition: Edition) -> RulesOut | None:
    if edition.rules is None:
        return None
    document, number = edition.rules.document.slug, edition.rules.number
    return RulesOut(
        document=document,
        version=number,
        url=f"/legal/{document}/{number}/",
        notice_hours=edition.rules_notice_hours,
    )


@router.get("/challenges", response=list[EditionOut], auth=None, summary="List editions")
def list_editions(request: ApiRequest) -> list[EditionOut]:
    """Every published edition of every challenge, the newest first, for everybody."""
    at = timezone.now()
    return [EditionOut.of(each, at) for each in queries.published_editions()]


@router.get("/challenges/{edition}", response=EditionDetailOut, auth=None, summary="Get an edition")
def get_edition(request: ApiRequest, edition: str) -> EditionDetailOut:
    """All that is public of an edition. The organizers' held-out questions are not."""
    found = queries.published_edition(edition)
    return EditionDetailOut.model_validate(
        {
            **_summary(found, timezone.now()),
            "brief": _words(found, "brief"),
            "organizer": found.organizer.name if found.organizer else None,
            "languages": found.languages,
            "answers_per_entry": found.jury_answers,
            "tokens_per_answer": found.answer_tokens,
            "seconds_per_answer": found.answer_seconds,
            "rules": _rules(found),
            "tracks": [TrackOut.of(each) for each in found.tracks.all()],
            "prizes": [PrizeOut.of(each) for each in found.prizes.all()],
            "criteria": [CriterionOut.of(each) for each in found.criteria.all()],
            "shared_documents": [each.name for each in found.corpus.all()],
        }
    )

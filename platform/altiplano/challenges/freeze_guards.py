"""The database itself keeps an edition as it was when its first phase opened.

It goes by ``frozen_at``, which is on record from then on, so that a clock that is set back thaws
nothing. A phase may still close later, once there is an extension that says why.
"""

from typing import Final

from altiplano.accounts.consent_guards import Guard

FROZEN_PARENT: Final = (
    "EXISTS (SELECT 1 FROM challenges_edition AS edition"
    " WHERE edition.id = {row}.edition_id AND edition.frozen_at IS NOT NULL)"
)
OF_OLD: Final = FROZEN_PARENT.format(row="OLD")
OF_NEW: Final = FROZEN_PARENT.format(row="NEW")
FROZEN: Final = "an edition that has begun never changes"
RECORDED: Final = "an extension is never rewritten"


def _changed(*columns: str) -> str:
    return " OR ".join(f"NEW.{name} IS DISTINCT FROM OLD.{name}" for name in columns)


EDITION_CHANGED: Final = _changed(
    "id", "challenge_id", "slug", "name_en", "name_fr", "brief_en", "brief_fr", "zone", "rules_id",
    "rules_notice_hours", "languages", "jury_answers", "answer_tokens", "answer_seconds",
    "published_at", "frozen_at",
)  # fmt: skip
WITHOUT_EXTENSION: Final = (
    "(NEW.closes_at <> OLD.closes_at AND NOT EXISTS (SELECT 1 FROM challenges_extension AS extension"
    " WHERE extension.phase_id = OLD.id AND extension.closed_at_before = OLD.closes_at"
    " AND extension.closes_at = NEW.closes_at))"
)
PHASE_CHANGED: Final = (
    f"{OF_OLD} AND ({_changed('id', 'edition_id', 'kind', 'opens_at', 'grace_minutes')}"
    f" OR NEW.closes_at < OLD.closes_at OR {WITHOUT_EXTENSION})"
)
EXTENSION_CHANGED: Final = _changed(
    "id", "phase_id", "closed_at_before", "closes_at", "reason_en", "reason_fr", "extended_at"
)
PARTS: Final = ("track", "prize", "criterion", "heldoutquestion")

FREEZE_GUARDS: Final = (
    Guard("edition_stays", "challenges_edition", "UPDATE",
          f"OLD.frozen_at IS NOT NULL AND ({EDITION_CHANGED})", FROZEN),
    Guard("edition_is_kept", "challenges_edition", "DELETE", "OLD.frozen_at IS NOT NULL", FROZEN),
    *(
        Guard(f"{part}_{name}", f"challenges_{part}", event, condition, FROZEN)
        for part in PARTS
        for name, event, condition in (
            ("is_not_added", "INSERT", OF_NEW),
            ("stays", "UPDATE", f"{OF_OLD} OR {OF_NEW}"),
            ("is_kept", "DELETE", OF_OLD),
        )
    ),
    Guard("phase_is_not_added", "challenges_phase", "INSERT", OF_NEW, FROZEN),
    Guard("phase_stays", "challenges_phase", "UPDATE", PHASE_CHANGED, FROZEN),
    Guard("phase_is_kept", "challenges_phase", "DELETE", OF_OLD, FROZEN),
    Guard("extension_stays", "challenges_extension", "UPDATE", EXTENSION_CHANGED, RECORDED),
    Guard("extension_is_kept", "challenges_extension", "DELETE", "1 = 1", RECORDED),
)  # fmt: skip

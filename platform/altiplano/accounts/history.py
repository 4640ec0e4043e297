"""The audit log in sentences."""

from __future__ import annotations

import uuid
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Any

from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from altiplano.accounts.models import AuditEvent, Role, User

if TYPE_CHECKING:
    from django_stubs_ext import StrPromise


@dataclass(frozen=True, slots=True)
class Kind:
    """A choice of what the record is about."""

    key: str
    label: StrPromise
    object_types: tuple[str, ...]


KINDS = (
    Kind("members", _("members and invitations"), ("member", "invitation", "person")),
    Kind("keys", _("API keys"), ("token",)),
    Kind("documents", _("collections and documents"), ("collection", "document")),
    Kind("apps", _("apps"), ("app", "report")),
    Kind("plugins", _("plugins"), ("package", "installation", "author_key", "package_concern")),
    Kind("consents", _("consents"), ("consent",)),
    Kind("organization", _("the organization itself"), ("organization",)),
)

SENTENCES: Mapping[str, StrPromise] = {
    "organization.created": _("%(who)s created the organization."),
    "organization.changed": _("%(who)s changed the organization's details."),
    "organization.suspended": _("%(who)s suspended the organization."),
    "organization.unsuspended": _("%(who)s lifted the suspension of the organization."),
    "member.added": _("%(who)s added %(person)s as %(role)s."),
    "member.role_changed": _("%(who)s changed the role of %(person)s from %(from)s to %(to)s."),
    "member.removed": _("%(who)s removed %(person)s."),
    "member.left": _("%(who)s left."),
    "invitation.sent": _("%(who)s invited %(email)s as %(role)s."),
    "invitation.sent_again": _("%(who)s sent the invitation of %(email)s again."),
    "invitation.withdrawn": _("%(who)s withdrew the invitation of %(email)s."),
    "invitation.accepted": _("%(who)s accepted the invitation and is %(role)s."),
    "token.issued": _("%(who)s made the API key “%(name)s”."),
    "token.revoked": _("%(who)s revoked the API key “%(name)s”."),
    "consent.given": _(
        "%(who)s accepted “%(title)s”, version %(version)s, in the capacity of %(capacity)s."
    ),
    "consent.withdrawn": _("%(who)s withdrew the consent to “%(title)s”, version %(version)s."),
    "collection.created": _("%(who)s made the collection “%(name)s”."),
    "collection.deleted": _("%(who)s deleted the collection “%(name)s”."),
    "collection.reading_changed": _(
        "%(who)s changed how the documents of the collection “%(name)s” are read."
    ),
    "collection.embedder_kept": _("%(who)s kept the embedder of the collection “%(name)s”."),
    "collection.read_again": _(
        "%(who)s had %(count)s documents of the collection “%(name)s” read again."
    ),
    "source.added": _("%(who)s added the source “%(name)s”."),
    "source.changed": _("%(who)s changed the source “%(name)s”."),
    "source.loaded": _("%(who)s had the source “%(name)s” loaded."),
    "source.deleted": _("%(who)s deleted the source “%(name)s”."),
    "document.deleted": _("%(who)s deleted the document “%(name)s”."),
    "document.restored": _("%(who)s brought the document “%(name)s” back."),
    "app.created": _("%(who)s made the app “%(name)s”."),
    "app.deleted": _("%(who)s deleted the app “%(name)s”."),
    "app.renamed": _("%(who)s renamed the app “%(from)s” to “%(name)s”."),
    "app.version_frozen": _("%(who)s froze version %(version)s of the app “%(name)s”."),
    "app.published": _("%(who)s published version %(to)s of an app."),
    "app.withdrawn": _("%(who)s took an app off the public page."),
    "app.opened": _("%(who)s opened the app “%(slug)s” to everybody."),
    "app.closed": _("%(who)s closed the app “%(slug)s” to everybody but members."),
    "app.domains": _("%(who)s changed on which websites the app “%(slug)s” may be shown."),
    "plugin.uploaded": _("%(who)s uploaded version %(version)s of the plugin “%(package)s”."),
    "plugin.checked": _("Version %(version)s of the plugin “%(package)s” passed its checks."),
    "plugin.refused": _("Version %(version)s of the plugin “%(package)s” failed its checks."),
    "plugin.withdrawn": _("%(who)s withdrew version %(version)s of the plugin “%(package)s”."),
    "plugin.published": _("%(who)s published version %(version)s of the plugin “%(package)s”."),
    "plugin.rejected": _("%(who)s rejected version %(version)s of the plugin “%(package)s”."),
    "plugin.recalled": _("%(who)s recalled version %(version)s of the plugin “%(package)s”."),
    "plugin.draft_begun": _("%(who)s began a draft of the plugin “%(package)s”."),
    "plugin.draft_removed": _("%(who)s removed the draft of the plugin “%(package)s”."),
    "plugin.installed": _("%(who)s installed version %(version)s of the plugin “%(package)s”."),
    "plugin.grants_changed": _("%(who)s changed what the plugin “%(package)s” may do."),
    "plugin.upgraded": _("%(who)s upgraded the plugin “%(package)s” to version %(version)s."),
    "plugin.switched_on": _("%(who)s switched the plugin “%(package)s” on."),
    "plugin.switched_off": _("%(who)s switched the plugin “%(package)s” off."),
    "plugin.quarantined": _(
        "The plugin “%(package)s” %(version)s stopped %(crashes)s times and is left alone for a while."
    ),
    "plugin.tried_again": _("%(who)s let the plugin “%(package)s” be tried again."),
    "plugin.uninstalled": _("%(who)s uninstalled the plugin “%(package)s”."),
    "plugin.concern_raised": _("%(who)s told the staff of a concern about “%(package)s”."),
    "plugin.concern_closed": _("%(who)s settled the concern about “%(package)s”."),
    "author_key.added": _("%(who)s added the author key “%(name)s”."),
    "author_key.retired": _("%(who)s retired the author key “%(name)s”."),
    "author_key.revoked": _("%(who)s revoked the author key “%(name)s”."),
    "report.closed": _("%(who)s closed a report on an answer."),
    "legal.version_begun": _("%(who)s began version %(number)s of the legal text “%(document)s”."),
    "legal.version_published": _(
        "%(who)s published version %(number)s of the legal text “%(document)s”."
    ),
    "legal.draft_discarded": _(
        "%(who)s discarded the draft of version %(number)s of the legal text “%(document)s”."
    ),
    "organization.deleted": _("%(who)s deleted the organization “%(name)s”."),
    "person.made_staff": _("%(email)s was made staff of the platform."),
    "person.deleted": _("%(who)s deleted their own account."),
    "queue.paused": _("%(who)s paused the queue “%(object)s”."),
    "queue.draining": _("%(who)s lets the queue “%(object)s” drain."),
    "queue.opened": _("%(who)s opened the queue “%(object)s” again."),
    "edition.published": _("%(who)s published the edition “%(edition)s”."),
    "edition.frozen": _("The edition “%(edition)s” has begun: what was announced stays as it is."),
    "phase.extended": _("%(who)s gave a phase of the edition “%(edition)s” more time: %(reason)s"),
    "toolserver.tools_approved": _("%(who)s approved the tools of the server “%(name)s”."),
    "app.reading": _("%(who)s changed whether visitors of “%(slug)s” may open its documents."),
}


@dataclass(frozen=True, slots=True)
class Entry:
    """One line of the history."""

    happened_at: datetime
    sentence: str


class _Words(dict[str, object]):
    """What a sentence asks for and the event does not tell is three dots."""

    def __missing__(self, key: str) -> str:
        return "…"


def object_types_of(key: str) -> tuple[str, ...]:
    """What of the record belongs to a kind; all of it for an unknown one."""
    return next((kind.object_types for kind in KINDS if kind.key == key), ())


def entries_of(events: list[AuditEvent]) -> list[Entry]:
    """The events in sentences of the active language, in their order. One query for all."""
    people = User.objects.in_bulk(
        {person for event in events if (person := _person_id(event)) is not None}
    )
    return [Entry(event.happened_at, _sentence_of(event, people)) for event in events]


def sentence_of(event: AuditEvent) -> str:
    """The event in a sentence of the active language, without a query: who it is about may be an id."""
    return _sentence_of(event, {}, unknown=event.object_id)


def _person_id(event: AuditEvent) -> uuid.UUID | None:
    if event.object_type != "member":
        return None
    try:
        return uuid.UUID(event.object_id)
    except ValueError:
        return None


def _sentence_of(event: AuditEvent, people: Mapping[uuid.UUID, User], *, unknown: str = "") -> str:
    data: dict[str, Any] = event.data if isinstance(event.data, dict) else {}
    words = _Words({key: _word(value) for key, value in data.items()})
    words["who"] = event.actor_label
    words["object"] = event.object_id
    person = people.get(_person_id(event) or uuid.UUID(int=0))
    words["person"] = (
        person.email if person else data.get("email", unknown or gettext("a former member"))
    )
    is_leaving = event.action == "member.removed" and event.object_id == str(event.actor_id)
    action = "member.left" if is_leaving else event.action
    template = SENTENCES.get(action)
    if template is None:
        return f"{event.actor_label}: {action.replace('.', ' ').replace('_', ' ')}"
    return str(template) % words


def _word(value: object) -> object:
    """Roles are said in the reader's language."""
    return Role(value).label if isinstance(value, str) and value in Role.values else value

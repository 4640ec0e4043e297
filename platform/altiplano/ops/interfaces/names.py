"""What the dashboard calls areas, tables and columns, where a model does not say it itself.

The names are for operators and are put on the models when the dashboard's pages are found: models
stay short, and since a migration describes what was written in a model, none changes by it.
"""

from collections.abc import Mapping
from typing import Any, Final

from django.apps import apps
from django.db import models
from django.utils.translation import gettext_lazy as _

AREAS: Final[Mapping[str, Any]] = {
    "accounts": _("People and organizations"),
    "kernel": _("Background work"),
    "knowledge": _("Collections and documents"),
    "catalog": _("Plugins"),
    "serving": _("Models"),
    "studio": _("Apps"),
    "runs": _("Answers"),
    "challenges": _("Challenges"),
    "ops": _("Operation"),
    "mfa": _("Second factors"),
    "usersessions": _("Signed-in browsers"),
}
TABLES: Final[Mapping[str, Any]] = {
    "Job": _("jobs"),
    "Heartbeat": _("heartbeats"),
    "QueueHold": _("queue holds"),
    "JobLogLine": _("log lines"),
    "User": _("people"),
    "Organization": _("organizations"),
    "Membership": _("memberships"),
    "Invitation": _("invitations"),
    "ApiToken": _("API keys"),
    "AuditEvent": _("audit events"),
    "Authenticator": _("second factors"),
    "UserSession": _("signed-in browsers"),
    "Collection": _("collections"),
    "Document": _("documents"),
    "DocumentVersion": _("document versions"),
    "DocumentText": _("texts of documents"),
    "Chunk": _("passages"),
    "Tombstone": _("removed passages"),
    "Plugin": _("plugins"),
    "PluginRelease": _("plugin releases"),
    "Package": _("packages"),
    "PackageRelease": _("package releases"),
    "PackageConcern": _("concerns about packages"),
    "AuthorKey": _("author keys"),
    "Installation": _("installations"),
    "Quarantine": _("plugins left alone"),
    "StoreEntry": _("values stored by plugins"),
    "ModelEndpoint": _("model endpoints"),
    "ToolServer": _("tool servers"),
    "App": _("apps"),
    "AppVersion": _("app versions"),
    "DraftPackage": _("plugins that are tried in apps"),
    "Run": _("runs"),
    "Answer": _("answers"),
    "Citation": _("citations"),
    "Feedback": _("feedback"),
    "Report": _("reports"),
    "Conversation": _("conversations"),
    "DailyUsage": _("daily usage"),
    "AppUsage": _("usage of apps"),
    "PersonUsage": _("usage of people"),
}
ROWS: Final[Mapping[str, Any]] = {
    "Authenticator": _("second factor"),
    "UserSession": _("signed-in browser"),
    "Answer": _("answer"),
    "Chunk": _("passage"),
    "Citation": _("citation"),
    "DocumentText": _("text of a document"),
    "Tombstone": _("removed passages"),
}
"""One row of a table, where its model does not say it."""
TASKS: Final[Mapping[str, Any]] = {
    "compact_index": _("tidy an index"),
    "execute_run": _("answer a question"),
    "index_collection": _("index documents"),
    "parse_document": _("read a document"),
    "remove_documents": _("remove documents"),
}
COLUMNS: Final[Mapping[str, Any]] = {
    "abstained": _("did not know"),
    "accepted_at": _("accepted"),
    "action": _("action"),
    "active_version": _("version that answers"),
    "actor_id": _("person's id"),
    "actor_label": _("who"),
    "answer_end": _("end in the answer"),
    "answer_start": _("start in the answer"),
    "answers": _("answers"),
    "app": _("app"),
    "asked": _("asked"),
    "asked_at": _("asked at"),
    "at": _("at"),
    "attached_at": _("attached"),
    "attempt": _("attempt"),
    "beaten_at": _("last sign of life"),
    "bytes": _("bytes"),
    "cancelled": _("cancelled"),
    "changed_at": _("changed"),
    "changed_by": _("changed by"),
    "chunk_count": _("passages"),
    "chunk_id": _("passage"),
    "chunk_ids": _("passages"),
    "closed_at": _("closed"),
    "closed_by": _("closed by"),
    "collection": _("collection"),
    "collection_ids": _("collections"),
    "collections": _("collections"),
    "comment": _("comment"),
    "completion_tokens": _("tokens written"),
    "config_schema": _("schema of the settings"),
    "context_tokens": _("room in tokens"),
    "conversation": _("conversation"),
    "country": _("country"),
    "created_at": _("created"),
    "created_by": _("created by"),
    "current": _("current release"),
    "data": _("details"),
    "date_joined": _("joined"),
    "day": _("day"),
    "decided_by": _("decided by"),
    "deleted_at": _("deleted"),
    "document": _("document"),
    "document_id": _("document"),
    "document_name": _("document"),
    "door": _("door"),
    "draft_pipeline": _("pipeline of the draft"),
    "draft_revision": _("revision of the draft"),
    "embedded_count": _("indexed passages"),
    "embedder": _("embedder"),
    "embedder_config": _("settings of the embedder"),
    "embedding_dimension": _("dimensions"),
    "embedding_model": _("embedding model"),
    "end": _("end"),
    "endpoint": _("model endpoint"),
    "epoch": _("epoch"),
    "error_code": _("error"),
    "error_message": _("why it failed"),
    "events": _("events"),
    "failed": _("failed"),
    "finished_at": _("finished"),
    "happened_at": _("when"),
    "helpful": _("helpful"),
    "history": _("earlier messages"),
    "id": _("id"),
    "index_generation": _("generation of the index"),
    "installed_at": _("installed"),
    "installed_by": _("installed by"),
    "invited_by": _("invited by"),
    "is_abstained": _("did not know"),
    "is_active": _("active"),
    "is_cancel_requested": _("to be cancelled"),
    "is_default": _("default"),
    "is_demonstration": _("for demonstration"),
    "is_enabled": _("switched on"),
    "is_indexed": _("indexed"),
    "is_staff": _("staff"),
    "is_suspended": _("suspended"),
    "job": _("job"),
    "key": _("key"),
    "kind": _("kind"),
    "language": _("language"),
    "last_login": _("last sign-in"),
    "last_used_at": _("last used"),
    "latest_version": _("latest version"),
    "lease_until": _("held until"),
    "level": _("level"),
    "manifest": _("manifest"),
    "max_attempts": _("attempts at most"),
    "media_type": _("type of file"),
    "model": _("model"),
    "n": _("number"),
    "name": _("name"),
    "note": _("note"),
    "number": _("number"),
    "object_id": _("object's id"),
    "object_type": _("object"),
    "ordinal": _("position"),
    "organization": _("organization"),
    "organization_id": _("organization's id"),
    "owner": _("owner"),
    "package": _("package"),
    "page": _("page"),
    "page_count": _("pages"),
    "pages": _("pages"),
    "pipeline": _("pipeline"),
    "plugin": _("plugin"),
    "plugins": _("plugins"),
    "prefix": _("first characters"),
    "previous": _("previous question"),
    "prompt": _("prompt"),
    "prompt_tokens": _("tokens read"),
    "provider": _("protocol"),
    "published_at": _("announced"),
    "published_version": _("published version"),
    "question": _("question"),
    "queue": _("queue"),
    "quote": _("passage"),
    "raised_by": _("raised by"),
    "reason": _("reason"),
    "reason_code": _("reason's code"),
    "release": _("release"),
    "report": _("report"),
    "retired_at": _("retired"),
    "revoked_at": _("revoked"),
    "role": _("role"),
    "run": _("run"),
    "run_after": _("not before"),
    "runs": _("questions"),
    "scopes": _("scopes"),
    "secret_names": _("secrets that have a value"),
    "seen_at": _("last seen"),
    "sent_at": _("sent"),
    "sha256": _("checksum"),
    "signed_with": _("signed with"),
    "size": _("bytes"),
    "slug": _("short name"),
    "source_url": _("source"),
    "spec": _("what answers"),
    "start": _("start"),
    "started_at": _("started"),
    "state": _("state"),
    "subject_id": _("about"),
    "task": _("task"),
    "text": _("text"),
    "timings": _("times in ms"),
    "title": _("title"),
    "token_id": _("API key"),
    "trace_parent": _("trace"),
    "unhelpful": _("not helpful"),
    "uploaded_by": _("uploaded by"),
    "user": _("person"),
    "user_id": _("person's id"),
    "user_permissions": _("rights of their own"),
    "verdict": _("judgement"),
    "version": _("version"),
    "visitor": _("visitor"),
    "warnings": _("warnings"),
    "withdrawn_at": _("withdrawn"),
}


def name_everything() -> None:
    """Every area, table and column that is known here has its name in the reader's language."""
    for config in apps.get_app_configs():
        if not config.name.startswith("altiplano.") and config.label not in AREAS:
            continue
        config.verbose_name = AREAS.get(config.label, config.verbose_name)
        for model in config.get_models():
            about = model._meta  # noqa: SLF001 - Django's documented API
            if model.__name__ in ROWS:
                about.verbose_name = ROWS[model.__name__]
            # Django's own plural adds an “s”, which is right in few languages.
            plural = TABLES.get(model.__name__)
            if plural is not None or "verbose_name_plural" not in about.original_attrs:
                about.verbose_name_plural = plural or about.verbose_name
            for field in (*about.local_fields, *about.local_many_to_many):
                _name(field)


def _name(field: "models.Field[Any, Any]") -> None:
    """Unless its model names it, which then knows better."""
    is_unnamed = field.verbose_name == field.name.replace("_", " ")
    if is_unnamed and field.name in COLUMNS:
        field.verbose_name = COLUMNS[field.name]


def name_of_task(task: str) -> str:
    """What a job does, for operators; the task's own name where nobody gave it another."""
    name = task.rpartition(".")[2]
    return str(TASKS.get(name, name))

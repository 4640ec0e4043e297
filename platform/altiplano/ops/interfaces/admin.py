"""Jobs, queues, limits and notices in the admin dashboard."""

from typing import Any, ClassVar

from django.contrib import admin
from django.contrib.auth.models import Group, Permission
from django.db import transaction
from django.http import HttpRequest
from django.utils.formats import number_format
from django.utils.translation import gettext_lazy as _
from unfold.paginator import InfinitePaginator

from altiplano.accounts.domain.audit import record_event
from altiplano.accounts.interfaces.admin import staff_of
from altiplano.accounts.interfaces.admin_base import AreaAdmin
from altiplano.accounts.interfaces.admin_operations import operation
from altiplano.accounts.interfaces.admin_traces import JobTraces
from altiplano.kernel.models import (
    ACTIVE_STATES,
    Heartbeat,
    Job,
    JobLogLine,
    OrganizationLimits,
    QueueHold,
)
from altiplano.kernel.queue_holds import open_queue
from altiplano.kernel.task_names import name_of_task
from altiplano.ops.interfaces.rights import RightsField
from altiplano.ops.job_operations import can_retry, cancel_active_job, retry_failed_job
from altiplano.ops.maintenance import forget_notices
from altiplano.ops.models import MaintenanceNotice


@admin.register(Job)
class JobAdmin(JobTraces, AreaAdmin):
    list_display = (
        "short_task",
        "state",
        "reason",
        "organization",
        "attempt",
        "created_at",
        "took",
    )
    list_select_related = ("organization",)
    list_filter = ("state", "queue", "task")
    search_fields = ("task", "reason", "organization__name", "organization__slug")
    ordering = ("-id",)
    paginator = InfinitePaginator
    actions = ("retry", "cancel")

    @admin.display(description=_("task"), ordering="task")
    def short_task(self, row: Job) -> str:
        return name_of_task(row.task)

    @admin.display(description=_("took"))
    def took(self, row: Job) -> str | None:
        if row.started_at is None or row.finished_at is None:
            return None
        seconds = (row.finished_at - row.started_at).total_seconds()
        return f"{number_format(seconds, decimal_pos=1)} s"

    def traced_jobs(self, row: Any) -> Any:
        return Job.objects.filter(pk=row.pk)

    @operation(
        label=_("Try again"),
        question=_("These jobs will be tried again from the start:"),
        suits=can_retry,
    )
    def retry(self, request: HttpRequest, row: Job) -> None:
        retry_failed_job(actor=staff_of(request), job=row)

    @operation(
        label=_("Cancel"),
        question=_("Nobody will work on these jobs any more, and who waits for them is told:"),
        is_dangerous=True,
        suits=lambda row: row.state in ACTIVE_STATES,
    )
    def cancel(self, request: HttpRequest, row: Job) -> None:
        cancel_active_job(actor=staff_of(request), job=row)


@admin.register(JobLogLine)
class JobLogLineAdmin(AreaAdmin):
    list_display = ("at", "level", "text", "job", "attempt")
    list_select_related = ("job",)
    list_filter = ("level",)
    search_fields = ("text", "job__task")
    ordering = ("-id",)
    paginator = InfinitePaginator


@admin.register(Heartbeat)
class HeartbeatAdmin(AreaAdmin):
    list_display = ("name", "beaten_at")
    search_fields = ("name",)
    ordering = ("name",)


@admin.register(QueueHold)
class QueueHoldAdmin(AreaAdmin):
    """Queues are held on the overview; here they are found and opened."""

    list_display = ("queue", "mode", "since", "held_by", "reason")
    search_fields = ("queue", "held_by", "reason")
    ordering = ("queue",)
    actions = ("open",)

    @operation(label=_("Open"), question=_("Workers will take from these queues again:"))
    def open(self, request: HttpRequest, row: QueueHold) -> None:
        open_queue(row.queue)
        record_event(
            principal=None,
            actor=staff_of(request),
            organization_id=None,
            action="queue.opened",
            object_type="queue",
            object_id=row.queue,
        )


@admin.register(OrganizationLimits)
class OrganizationLimitsAdmin(AreaAdmin):
    list_display = (
        "organization",
        "runs_per_day",
        "storage_bytes",
        "streams",
        "allows_api",
        "allows_public_apps",
    )
    list_select_related = ("organization",)
    list_filter = ("allows_api", "allows_public_apps")
    search_fields = ("organization__name", "organization__slug")
    ordering = ("organization__name",)
    autocomplete_fields = ("organization",)
    editable: ClassVar = (
        "runs_per_day",
        "storage_bytes",
        "streams",
        "allows_api",
        "allows_public_apps",
    )
    is_addable = True
    is_deletable = True

    def get_fields(self, request: HttpRequest, obj: Any = None) -> Any:
        return ("organization", *self.editable)

    def get_readonly_fields(self, request: HttpRequest, obj: Any = None) -> Any:
        return () if obj is None else ("organization",)


@admin.register(Group)
class GroupAdmin(AreaAdmin):
    """Sets of rights; superusers alone make them, as they give them to people."""

    list_display = ("name",)
    search_fields = ("name",)
    ordering = ("name",)
    filter_horizontal = ("permissions",)
    editable: ClassVar = ("name", "permissions")
    is_addable = True
    is_deletable = True

    def formfield_for_manytomany(self, db_field: Any, request: HttpRequest, **kwargs: Any) -> Any:
        rights = Permission.objects.select_related("content_type")
        return super().formfield_for_manytomany(
            db_field, request, **{"form_class": RightsField, "queryset": rights, **kwargs}
        )

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return bool(staff_of(request).is_superuser)

    has_add_permission = has_change_permission
    has_delete_permission = has_change_permission


@admin.register(MaintenanceNotice)
class MaintenanceNoticeAdmin(AreaAdmin):
    list_display = ("text_en", "text_fr", "starts_at", "ends_at")
    search_fields = ("text_en", "text_fr")
    ordering = ("-ends_at",)
    editable: ClassVar = ("text_en", "text_fr", "starts_at", "ends_at")
    is_addable = True
    is_deletable = True

    def get_fields(self, request: HttpRequest, obj: Any = None) -> Any:
        return self.editable

    def get_readonly_fields(self, request: HttpRequest, obj: Any = None) -> Any:
        return ()

    def save_model(self, request: HttpRequest, obj: Any, form: Any, change: Any) -> None:
        super().save_model(request, obj, form, change)
        transaction.on_commit(forget_notices)

    def delete_model(self, request: HttpRequest, obj: Any) -> None:
        super().delete_model(request, obj)
        transaction.on_commit(forget_notices)

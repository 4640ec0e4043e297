"""What all pages of the admin dashboard have in common: they show, they never edit by accident.

A model's page is a subclass of :class:`AreaAdmin` in its area's ``interfaces/admin.py``. Rows are
read-only, secrets are neither shown nor even loaded, long texts are cut by the database, and what an
operator may do is an operation (``admin_operations``): confirmed, carried out by the domain, audited.
"""

import re
import uuid
from collections.abc import Callable, Iterable, Sequence
from typing import Any, ClassVar, cast

from django.contrib.admin.utils import unquote
from django.db import models
from django.db.models.functions import Substr
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.urls import reverse
from django.utils.text import capfirst
from django.utils.translation import gettext as _
from unfold.admin import ModelAdmin

from altiplano.accounts.domain.audit import record_event
from altiplano.accounts.interfaces.admin_operations import offers_of
from altiplano.accounts.models import User
from altiplano.kernel.reasons import in_my_language

EXCERPT_CHARS = 2000
SECRET_NAME = re.compile(
    r"password|digest|secret|sealed|session_data|session_key|credential|(?:^|_)(?:key|token)$"
)
"""Columns of this name are left out of every page, also of models that nobody has described."""
NO_SECRETS = frozenset({"token_id"})

SAID_NAMES = frozenset({"reason", "error_message"})
"""Columns of sentences that workers store in English, and that are shown in the reader's language."""

Displayed = str | Callable[[Any], Any]


def is_secret(name: str) -> bool:
    return name not in NO_SECRETS and SECRET_NAME.search(name) is not None


class AreaAdmin(ModelAdmin):  # type: ignore[misc]  # unfold has no types
    """Rows that staff find and read. ``editable`` names the few fields that a form may change."""

    list_per_page = 50
    show_full_result_count = False
    compressed_fields = False
    list_filter_submit = False
    list_fullwidth = True
    change_form_outer_before_template = "accounts/admin/operations.html"
    editable: ClassVar[Sequence[str]] = ()
    is_addable: ClassVar[bool] = False
    is_deletable: ClassVar[bool] = False

    # --- What may be done ---------------------------------------------------------------------

    def has_add_permission(self, request: HttpRequest) -> bool:
        return self.is_addable and super().has_add_permission(request)

    def has_change_permission(self, request: HttpRequest, obj: models.Model | None = None) -> bool:
        return bool(self.editable) and super().has_change_permission(request, obj)

    def has_delete_permission(self, request: HttpRequest, obj: models.Model | None = None) -> bool:
        return self.is_deletable and super().has_delete_permission(request, obj)

    def has_operate_permission(self, request: HttpRequest, obj: object = None) -> bool:
        """Operations need Django's right to change the model, also where no form changes it."""
        return cast("User", request.user).has_perm(
            f"{self.opts.app_label}.change_{self.opts.model_name}"
        )

    # --- What is shown ------------------------------------------------------------------------

    def get_queryset(self, request: HttpRequest) -> models.QuerySet[Any]:
        """Without secrets and binary columns; of long columns their beginning alone."""
        hidden, long = self._hidden_columns(), self._long_columns()
        excerpts = {f"excerpt_{name}": Substr(name, 1, EXCERPT_CHARS + 1) for name in long}
        queryset: models.QuerySet[Any] = super().get_queryset(request).defer(*hidden, *long)
        return queryset.annotate(**excerpts) if self._is_detail(request) else queryset

    def get_list_display(self, request: HttpRequest) -> list[Displayed]:
        said = {name: self.opts.get_field(name) for name in SAID_NAMES & set(self.list_display)}
        return [
            _said(said[each]) if each in said else each
            for each in super().get_list_display(request)
        ]

    def get_fields(self, request: HttpRequest, obj: Any = None) -> Any:
        if self.fields or self.fieldsets:
            return super().get_fields(request, obj)
        if obj is None:
            return list(self.editable)
        return self._shown_fields()

    def get_readonly_fields(self, request: HttpRequest, obj: Any = None) -> Any:
        if obj is None:
            return list(self.readonly_fields)
        shown = [each for each in self._shown_fields() if each not in self.editable]
        return [*shown, *(each for each in self.readonly_fields if each not in shown)]

    def _shown_fields(self) -> list[Displayed]:
        long, hidden = self._long_columns(), self._hidden_columns()
        names = [
            field.name
            for field in (*self.opts.fields, *self.opts.many_to_many)
            if field.name not in hidden
        ]
        return [self._shown(name, is_long=name in long) for name in names]

    def _shown(self, name: str, *, is_long: bool) -> Displayed:
        field = self.opts.get_field(name)
        if is_long:
            return _excerpt(field)
        return _said(field) if name in SAID_NAMES and name not in self.editable else name

    def _hidden_columns(self) -> list[str]:
        """Of other projects' models also what they keep as JSON, such as the seed of a phone's code."""
        is_ours = self.model.__module__.startswith("altiplano.")
        sealed = (models.BinaryField,) if is_ours else (models.BinaryField, models.JSONField)
        return [
            field.name
            for field in self.opts.concrete_fields
            if is_secret(field.name) or isinstance(field, sealed)
        ]

    def _long_columns(self) -> list[str]:
        return [
            field.name
            for field in self.opts.concrete_fields
            if isinstance(field, models.TextField)
            and not is_secret(field.name)
            and field.name not in self.editable
        ]

    def _is_detail(self, request: HttpRequest) -> bool:
        match = request.resolver_match
        return match is not None and "object_id" in match.kwargs

    def get_search_results(
        self, request: HttpRequest, queryset: models.QuerySet[Any], search_term: str
    ) -> tuple[models.QuerySet[Any], bool]:
        """A whole id finds its row by the primary key and by what ``id_search`` names."""
        try:
            wanted = uuid.UUID(search_term.strip())
        except ValueError:
            return cast(
                "tuple[models.QuerySet[Any], bool]",
                super().get_search_results(request, queryset, search_term),
            )
        condition = models.Q()
        for name in self._id_columns():
            condition |= models.Q(**{name: wanted})
        return queryset.filter(condition) if condition else queryset.none(), False

    def _id_columns(self) -> Iterable[str]:
        for field in self.opts.concrete_fields:
            target = field.target_field if isinstance(field, models.ForeignKey) else field
            if isinstance(target, models.UUIDField):
                yield field.attname

    # --- Operations, and the record of what was done ------------------------------------------

    def changeform_view(
        self,
        request: HttpRequest,
        object_id: str | None = None,
        form_url: str = "",
        extra_context: dict[str, Any] | None = None,
    ) -> Any:
        context = dict(extra_context or {})
        row = self.get_object(request, unquote(object_id)) if object_id else None
        if row is not None:
            is_allowed = self.has_operate_permission(request)
            context |= {"offers": offers_of(self, row) if is_allowed else [], "object_id": row.pk}
            context |= self.more_context(row)
        return super().changeform_view(request, object_id, form_url, context)

    def more_context(self, row: Any) -> dict[str, Any]:
        """What the templates around a row's form show besides."""
        return {}

    def log_addition(self, request: HttpRequest, obj: Any, message: Any) -> None:
        self._record(request, obj, "added", message)

    def log_change(self, request: HttpRequest, obj: Any, message: Any) -> None:
        self._record(request, obj, "changed", message)

    def log_deletions(self, request: HttpRequest, queryset: Any) -> None:
        for obj in queryset:
            self._record(request, obj, "deleted", "")

    def _record(self, request: HttpRequest, obj: Any, verb: str, message: Any) -> None:
        """In the platform's own audit log; Django's is not used."""
        changed = [
            name
            for each in (message if isinstance(message, list) else [])
            for name in each.get("changed", {}).get("fields", [])
        ]
        record_event(
            principal=None,
            actor=cast("User", request.user),
            organization_id=getattr(obj, "organization_id", None),
            action=f"{self.opts.model_name}.{verb}"[:60],
            object_type=str(self.opts.model_name)[:40],
            object_id=obj.pk,
            data={"fields": [str(name) for name in changed]} if changed else {},
        )

    def history_view(
        self, request: HttpRequest, object_id: str, extra_context: Any = None
    ) -> HttpResponse:
        """The audit log knows more than Django's."""
        return HttpResponseRedirect(
            reverse("admin:accounts_auditevent_changelist") + f"?q={object_id}"
        )


def _excerpt(field: Any) -> Callable[[Any], str]:
    """A column of the detail page with the beginning of a long text."""

    def shown(obj: Any) -> str:
        text = str(getattr(obj, f"excerpt_{field.name}", "") or "")
        if len(text) <= EXCERPT_CHARS:
            return in_my_language(text) if field.name in SAID_NAMES else text
        return text[:EXCERPT_CHARS] + " … " + _("(the rest is not shown)")

    shown.__name__ = f"excerpt_{field.name}"
    shown.short_description = capfirst(field.verbose_name)  # type: ignore[attr-defined]
    return shown


def _said(field: Any) -> Callable[[Any], str]:
    """A column of a sentence in the reader's language, sorted as it is stored."""

    def shown(obj: Any) -> str:
        if field.choices:
            return str(getattr(obj, f"get_{field.name}_display")())
        return in_my_language(str(getattr(obj, field.name) or ""))

    shown.__name__ = f"said_{field.name}"
    shown.short_description = capfirst(field.verbose_name)  # type: ignore[attr-defined]
    shown.admin_order_field = field.name  # type: ignore[attr-defined]
    return shown

"""Operations of the admin dashboard: asked, confirmed by name, done by the domain, reported."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from django.contrib import messages
from django.contrib.admin.helpers import ACTION_CHECKBOX_NAME
from django.db import transaction
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from django.template.response import TemplateResponse
from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from altiplano.kernel.errors import DomainError

if TYPE_CHECKING:
    from altiplano.accounts.interfaces.admin_base import AreaAdmin

MOST_AT_ONCE = 100
LONGEST_REASON = 300

Text = str | Promise
Perform = Callable[[Any, HttpRequest, Any], None]
Condition = Callable[[Any], bool]


@dataclass(frozen=True, slots=True)
class Offer:
    """An operation as a page offers it."""

    name: str
    label: Text
    is_dangerous: bool
    suits: Condition


def _always(_row: Any) -> bool:
    return True


def operation(
    *,
    label: Text,
    question: Text,
    is_dangerous: bool = False,
    asks_reason: bool = False,
    suits: Condition = _always,
) -> Callable[[Perform], Any]:
    """Makes of ``method(self, request, row)`` an action with a confirmation page of its own.

    The method carries it out for one row, within a transaction, and raises DomainError to refuse.
    ``suits`` says on which row's page it is offered. With ``asks_reason`` it finds what the operator
    typed in ``request.POST["reason"]``, not empty.
    """

    def decorate(perform: Perform) -> Any:
        name = perform.__name__

        def action(
            self: "AreaAdmin", request: HttpRequest, queryset: QuerySet[Any]
        ) -> HttpResponse | None:
            rows = list(queryset[: MOST_AT_ONCE + 1])
            if len(rows) > MOST_AT_ONCE:
                text = _("At most %(count)d at once.") % {"count": MOST_AT_ONCE}
                messages.error(request, text)
                return None
            has_reason = bool(request.POST.get("reason", "").strip()) or not asks_reason
            if request.POST.get("confirmed") == name and has_reason:
                _carry_out(self, request, rows, perform)
                return None
            context = {
                **self.admin_site.each_context(request),
                "title": label,
                "opts": self.opts,
                "question": question,
                "rows": rows,
                "name": name,
                "checkbox": ACTION_CHECKBOX_NAME,
                "asks_reason": asks_reason,
                "lacks_reason": "confirmed" in request.POST and not has_reason,
                "longest_reason": LONGEST_REASON,
                "is_dangerous": is_dangerous,
            }
            status = 400 if context["lacks_reason"] else 200
            return TemplateResponse(request, "accounts/admin/confirm.html", context, status=status)

        action.__name__ = name
        action.__doc__ = perform.__doc__
        action.short_description = label  # type: ignore[attr-defined]
        action.allowed_permissions = ("operate",)  # type: ignore[attr-defined]
        action.offer = Offer(name, label, is_dangerous, suits)  # type: ignore[attr-defined]
        return action

    return decorate


def offers_of(admin: "AreaAdmin", row: Any) -> list[Offer]:
    """The operations among the actions of a model's page that suit the row, in their order."""
    found: list[Any] = [getattr(admin, str(name), None) for name in admin.actions or ()]
    offers = [each.offer for each in found if hasattr(each, "offer")]
    return [offer for offer in offers if offer.suits(row)]


def _carry_out(admin: "AreaAdmin", request: HttpRequest, rows: list[Any], perform: Perform) -> None:
    done = 0
    for row in rows:
        try:
            with transaction.atomic():
                perform(admin, request, row)
        except DomainError as error:
            messages.error(request, f"{row}: {error}")
        else:
            done += 1
    if done:
        text = ngettext("Done for %(count)d row.", "Done for %(count)d rows.", done)
        messages.success(request, text % {"count": done})

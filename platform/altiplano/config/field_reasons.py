"""What is wrong with one field of a request, in a few words of the reader's language.

The words are Pydantic's, in our catalogue: Pydantic itself speaks English only.
"""

from typing import Any

from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

REASONS = {
    "bool_parsing": _("input should be a valid boolean, unable to interpret input"),
    "bool_type": _("input should be a valid boolean"),
    "dict_type": _("must be a JSON object"),
    "extra_forbidden": _("there is no such field"),
    "float_parsing": _("input should be a valid number, unable to parse string as a number"),
    "float_type": _("input should be a valid number"),
    "greater_than": _("input should be greater than %(gt)s"),
    "greater_than_equal": _("input should be greater than or equal to %(ge)s"),
    "int_from_float": _("input should be a valid integer, got a number with a fractional part"),
    "int_parsing": _("input should be a valid integer, unable to parse string as an integer"),
    "int_type": _("input should be a valid integer"),
    "less_than": _("input should be less than %(lt)s"),
    "less_than_equal": _("input should be less than or equal to %(le)s"),
    "list_type": _("input should be a valid list"),
    "literal_error": _("input should be %(expected)s"),
    "missing": _("is missing"),
    "model_attributes_type": _("must be a JSON object"),
    "model_type": _("must be a JSON object"),
    "string_too_long": _("string should have at most %(max_length)s characters"),
    "string_type": _("input should be a valid string"),
}
"""By Pydantic's type of error, with the names of its context as marks."""


def reason_of(item: dict[str, Any]) -> str:
    """Why ``item``, one of the errors of a ValidationError, was refused; without a full stop.

    A kind of error that is not in ``REASONS`` is said in Pydantic's English.
    """
    known = REASONS.get(item["type"])
    if known is not None:
        context = item.get("ctx") or {}
        return str(known % context) if context else str(known)
    reason = gettext(str(item["msg"]).removeprefix("Value error, ")).rstrip(".")
    return reason[:1].lower() + reason[1:]

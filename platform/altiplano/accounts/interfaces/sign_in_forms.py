"""Forms of django-allauth in our words: a label above each field, and no second one inside it."""

from typing import Any

from allauth.account import forms
from django.utils.translation import gettext_lazy as _

LABELS = {
    "login": _("E-mail address"),
    "email": _("E-mail address"),
    "password2": _("The same password again"),
}


class PlainSpoken:
    """To be named before one of allauth's forms."""

    fields: dict[str, Any]

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        for name, field in self.fields.items():
            field.widget.attrs.pop("placeholder", None)
            field.label = LABELS.get(name, field.label)


class SignInForm(PlainSpoken, forms.LoginForm):  # type: ignore[misc]
    """Address and password."""


class SignUpForm(PlainSpoken, forms.SignupForm):  # type: ignore[misc]
    """An address, and a password twice."""


class ForgottenPasswordForm(PlainSpoken, forms.ResetPasswordForm):  # type: ignore[misc]
    """The address to which a link is sent."""


class NewPasswordForm(PlainSpoken, forms.ResetPasswordKeyForm):  # type: ignore[misc]
    """What a link of a forgotten password opens."""


class ChangePasswordForm(PlainSpoken, forms.ChangePasswordForm):  # type: ignore[misc]
    """The old password, and a new one twice."""

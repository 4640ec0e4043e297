"""Forms of django-allauth in our words: a label above each field, and no second one inside it."""

import struct
from collections.abc import Callable
from typing import Any, ClassVar

from allauth.account import forms
from allauth.mfa.adapter import get_adapter
from allauth.mfa.webauthn import forms as keys
from cryptography.exceptions import InvalidSignature
from django.utils.translation import gettext_lazy as _

LABELS = {
    "login": _("E-mail address"),
    "email": _("E-mail address"),
    "password2": _("The same password again"),
}
NEW_PASSWORD_LABELS = LABELS | {
    "oldpassword": _("Current password"),
    "password1": _("New password"),
}


class PlainSpoken:
    """To be named before one of allauth's forms."""

    fields: dict[str, Any]
    labels: ClassVar[dict[str, Any]] = LABELS

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        for name, field in self.fields.items():
            field.widget.attrs.pop("placeholder", None)
            field.label = self.labels.get(name, field.label)


class SignInForm(PlainSpoken, forms.LoginForm):  # type: ignore[misc]
    """Address and password."""


class SignUpForm(PlainSpoken, forms.SignupForm):  # type: ignore[misc]
    """An address, and a password twice."""


class ForgottenPasswordForm(PlainSpoken, forms.ResetPasswordForm):  # type: ignore[misc]
    """The address to which a link is sent."""


class NewPasswordForm(PlainSpoken, forms.ResetPasswordKeyForm):  # type: ignore[misc]
    """What a link of a forgotten password opens."""

    labels = NEW_PASSWORD_LABELS


class ChangePasswordForm(PlainSpoken, forms.ChangePasswordForm):  # type: ignore[misc]
    """The old password, and a new one twice."""

    labels = NEW_PASSWORD_LABELS


ODD_CREDENTIAL = (ValueError, KeyError, TypeError, IndexError, struct.error, InvalidSignature)
"""What the reader of credentials raises for one that no browser would send."""


def _read_credential(read: Callable[[], Any]) -> Any:
    """What ``read`` answers; whatever it stumbles over is a wrong credential and no accident."""
    try:
        return read()
    except ODD_CREDENTIAL as error:
        raise get_adapter().validation_error("incorrect_code") from error


class AddKeyForm(keys.AddWebAuthnForm):  # type: ignore[misc]
    """A new passkey or security key, as the browser describes it."""

    def clean(self) -> Any:
        return _read_credential(super().clean)


class UseKeyForm(keys.AuthenticateWebAuthnForm):  # type: ignore[misc]
    """A key as the second factor."""

    def clean_credential(self) -> Any:
        return _read_credential(super().clean_credential)


class SignInByKeyForm(keys.LoginWebAuthnForm):  # type: ignore[misc]
    """A passkey instead of address and password."""

    def clean_credential(self) -> Any:
        return _read_credential(super().clean_credential)


class ProveByKeyForm(keys.ReauthenticateWebAuthnForm):  # type: ignore[misc]
    """A key that proves once more who it is."""

    def clean_credential(self) -> Any:
        return _read_credential(super().clean_credential)

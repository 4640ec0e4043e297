"""Forms of the account pages."""

from datetime import datetime, timedelta
from typing import Any

from django import forms
from django.conf import settings
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from altiplano.accounts.countries import country_choices
from altiplano.accounts.models import OrganizationKind, Role, TokenScope
from altiplano.accounts.principal import Principal

LIFETIMES = [
    ("30", _("30 days")),
    ("90", _("90 days")),
    ("365", _("one year")),
    ("", _("until it is revoked")),
]


def status_of(form: forms.Form) -> int:
    """400 for a page that gives a sent form back with what is wrong, else 200."""
    return 400 if form.is_bound and form.errors else 200


class TokenForm(forms.Form):
    """A new API key: what it is for, what it may do, how long."""

    name = forms.CharField(label=_("What is it for?"), max_length=100)
    scopes = forms.MultipleChoiceField(
        label=_("What may it do?"), widget=forms.CheckboxSelectMultiple
    )
    lifetime = forms.ChoiceField(
        label=_("How long does it work?"), choices=LIFETIMES, required=False
    )

    def __init__(self, principal: Principal, data: object = None) -> None:
        super().__init__(data, initial={"scopes": ["read", "run"], "lifetime": "90"})  # type: ignore[arg-type]
        self.fields["scopes"].choices = [  # type: ignore[attr-defined]
            (scope.value, scope.label) for scope in TokenScope if scope.value in principal.scopes
        ]

    def expires_at(self) -> datetime | None:
        days = self.cleaned_data["lifetime"]
        return timezone.now() + timedelta(days=int(days)) if days else None


class OrganizationForm(forms.Form):
    """What an organization says of itself."""

    name = forms.CharField(label=_("What is your organization called?"), max_length=200)
    kind = forms.ChoiceField(
        label=_("What kind of organization is it?"),
        choices=OrganizationKind.choices,
        widget=forms.RadioSelect,
    )
    country = forms.ChoiceField(label=_("Country"), required=False)

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        choices = [("", _("not said")), *country_choices()]
        self.fields["country"].choices = choices  # type: ignore[attr-defined]


class InvitationForm(forms.Form):
    """Whom to invite, and as what."""

    email = forms.EmailField(
        label=_("E-mail address"),
        max_length=254,
        widget=forms.EmailInput(attrs={"autocomplete": "off"}),
    )
    role = forms.ChoiceField(label=_("Role"), choices=Role.choices, initial=Role.VIEWER)


class RoleForm(forms.Form):
    """What a member may do from now on."""

    role = forms.ChoiceField(
        label=_("What may they do?"),
        choices=[
            (Role.OWNER, _("owner: decide about everything, members included")),
            (Role.BUILDER, _("builder: make and change collections and apps")),
            (Role.VIEWER, _("viewer: read documents and ask apps")),
        ],
        widget=forms.RadioSelect,
    )


class ProfileForm(forms.Form):
    """How the person is called, and in which language they read."""

    name = forms.CharField(
        label=_("Name"),
        max_length=200,
        required=False,
        help_text=_("Colleagues see it beside your address."),
        widget=forms.TextInput(attrs={"autocomplete": "name"}),
    )
    language = forms.ChoiceField(label=_("Language"), choices=settings.LANGUAGES)


class ConsentForm(forms.Form):
    """An owner accepts a text; the checksum says which words they had before them."""

    capacity = forms.CharField(
        label=_("In which capacity do you accept?"),
        max_length=120,
        help_text=_("Such as “director” or “head of IT”."),
        widget=forms.TextInput(attrs={"autocomplete": "organization-title"}),
    )
    has_authority = forms.BooleanField(
        label=_("I may bind this organization, and I accept this text for it."), required=False
    )
    sha256 = forms.CharField(max_length=64, widget=forms.HiddenInput)


class HistoryForm(forms.Form):
    """What of the record is wanted."""

    who = forms.CharField(label=_("By whom"), max_length=254, required=False)
    what = forms.ChoiceField(label=_("About what"), required=False)

    def __init__(self, data: Any, choices: list[tuple[str, Any]]) -> None:
        super().__init__(data)
        self.fields["what"].choices = [("", _("everything")), *choices]  # type: ignore[attr-defined]

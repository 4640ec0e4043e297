"""Forms of the account pages."""

from datetime import datetime, timedelta

from django import forms
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from altiplano.accounts.models import OrganizationKind, TokenScope
from altiplano.accounts.principal import Principal

LIFETIMES = [
    ("30", _("30 days")),
    ("90", _("90 days")),
    ("365", _("one year")),
    ("", _("until it is revoked")),
]


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
    """A person's first organization."""

    name = forms.CharField(label=_("What is your organization called?"), max_length=200)
    kind = forms.ChoiceField(
        label=_("What kind of organization is it?"),
        choices=OrganizationKind.choices,
        widget=forms.RadioSelect,
    )

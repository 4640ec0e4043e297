"""Forms of the plugin pages."""

from collections.abc import Mapping
from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from altiplano.catalog.domain.installing import MAX_SECRET_CHARS, GrantWish
from altiplano.catalog.wording import touches_of
from altiplano_sdk import Grants, PackageManifest

HOST, SECRET = "host.", "secret."
SWITCHES = ("model_use", "embedding_use", "index_use", "storage")


class GrantForm(forms.Form):
    """Each right that a release asks for, to be given or not; and its secrets, to be filled in.

    ``granted`` is what was given before, ``stored`` names the secrets that have a value.
    """

    def __init__(
        self,
        manifest: PackageManifest,
        data: Any = None,
        *,
        granted: Mapping[str, Any] | None = None,
        stored: list[str] | None = None,
    ) -> None:
        super().__init__(data)
        given = None if granted is None else _fields_of(Grants.model_validate(granted))
        for touch in touches_of(manifest.grants):
            if touch.field.startswith(SECRET):
                self.fields[touch.field] = _secret(touch.field.removeprefix(SECRET), stored or [])
            else:
                self.fields[touch.field] = forms.BooleanField(
                    label=touch.sentence,
                    required=False,
                    initial=given is not None and touch.field in given,
                )

    @property
    def switches(self) -> list[forms.BoundField]:
        return [field for field in self if not field.name.startswith(SECRET)]

    @property
    def secrets(self) -> list[forms.BoundField]:
        return [field for field in self if field.name.startswith(SECRET)]

    def wish(self) -> GrantWish:
        """What was chosen; for a valid form."""
        chosen = self.cleaned_data
        return GrantWish(
            network_hosts=[
                name.removeprefix(HOST)
                for name, value in chosen.items()
                if name.startswith(HOST) and value
            ],
            secrets={
                name.removeprefix(SECRET): value
                for name, value in chosen.items()
                if name.startswith(SECRET)
            },
            **{name: bool(chosen.get(name)) for name in SWITCHES},
        )


def _fields_of(grants: Grants) -> set[str]:
    return {touch.field for touch in touches_of(grants)}


def _secret(name: str, stored: list[str]) -> forms.CharField:
    return forms.CharField(
        label=name,
        required=False,
        max_length=MAX_SECRET_CHARS,
        help_text=_("A value is stored; leave this empty to keep it.") if name in stored else "",
        widget=forms.PasswordInput(attrs={"autocomplete": "off"}),
    )


class KeyForm(forms.Form):
    """A public key whose signatures are the organization's."""

    name = forms.CharField(
        label=_("Name"),
        max_length=80,
        help_text=_("Where the key is kept, such as “build server”."),
    )
    public_key = forms.CharField(
        label=_("Public key"),
        max_length=200,
        help_text=_("The line that “altiplano-plugin sign --new-key” prints."),
        widget=forms.TextInput(attrs={"autocomplete": "off", "spellcheck": "false"}),
    )


class ConcernForm(forms.Form):
    """What is wrong with a plugin, for the platform's staff."""

    text = forms.CharField(
        label=_("What is wrong?"),
        max_length=4000,
        help_text=_("The staff of this platform read it. The plugin's author does not."),
        widget=forms.Textarea(attrs={"rows": 4, "dir": "auto"}),
    )


class UploadForm(forms.Form):
    """A signed release."""

    file = forms.FileField(
        label=_("Release (.altiplano)"), widget=forms.FileInput(attrs={"accept": ".altiplano"})
    )

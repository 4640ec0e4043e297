"""Forms of the page “Share”."""

from typing import Any

from django import forms
from django.conf import settings
from django.utils.translation import gettext_lazy as _

from altiplano.studio.domain.sharing import (
    MAX_DOMAINS,
    MAX_EXAMPLE_CHARS,
    MAX_EXAMPLES,
    MAX_QUESTIONS_PER_DAY,
    MAX_QUESTIONS_PER_VISITOR,
    TEXT_CHARS,
    Allowance,
    Appearance,
)
from altiplano.studio.models import Accent, AppSharing


class AppearanceForm(forms.Form):
    """What visitors see."""

    title = forms.CharField(
        label=_("Title"),
        required=False,
        max_length=TEXT_CHARS["title"],
        help_text=_("Without one, the app's name."),
    )
    greeting = forms.CharField(
        label=_("Greeting"),
        required=False,
        max_length=TEXT_CHARS["greeting"],
        widget=forms.Textarea(attrs={"rows": 2}),
        help_text=_(
            "One or two sentences above the first question. That visitors talk to an AI, and from "
            "which documents it answers, is said in any case."
        ),
    )
    placeholder = forms.CharField(
        label=_("Hint in the empty field"), required=False, max_length=TEXT_CHARS["placeholder"]
    )
    accent = forms.ChoiceField(
        label=_("Colour"), choices=Accent.choices, widget=forms.RadioSelect, initial=Accent.INDIGO
    )

    def __init__(self, sharing: AppSharing, data: Any = None) -> None:
        super().__init__(data, initial=_appearance_of(sharing))
        for number in range(1, MAX_EXAMPLES + 1):
            self.fields[f"example_{number}"] = forms.CharField(
                label=_("Example question %(number)d") % {"number": number},
                required=False,
                max_length=MAX_EXAMPLE_CHARS,
                widget=forms.Textarea(attrs={"rows": 2}),  # stored on one line
            )
            self.fields[f"language_{number}"] = forms.ChoiceField(
                label=_("Who sees example question %(number)d") % {"number": number},
                required=False,
                choices=[("", _("Every reader")), *settings.LANGUAGES],
            )

    @property
    def examples(self) -> list[tuple[forms.BoundField, forms.BoundField]]:
        """The fields of each example: its text and its language."""
        numbers = range(1, MAX_EXAMPLES + 1)
        return [(self[f"example_{number}"], self[f"language_{number}"]) for number in numbers]

    def appearance(self) -> Appearance:
        said = self.cleaned_data
        return Appearance(
            accent=said["accent"],
            title=said["title"],
            greeting=said["greeting"],
            placeholder=said["placeholder"],
            examples=[said[text.name] for text, _language in self.examples],
            example_languages=[said[language.name] for _text, language in self.examples],
        )


def _appearance_of(sharing: AppSharing) -> dict[str, str]:
    examples: dict[str, str] = {}
    for number, (text, language) in enumerate(sharing.marked_examples, start=1):
        examples |= {f"example_{number}": text, f"language_{number}": language}
    return examples | {
        "title": sharing.title,
        "greeting": sharing.greeting,
        "placeholder": sharing.placeholder,
        "accent": sharing.accent,
    }


class AllowanceForm(forms.Form):
    """How much visitors may ask, and whether they may open whole documents."""

    questions_per_visitor = forms.IntegerField(
        label=_("Questions that one visitor may ask in an hour"),
        min_value=1,
        max_value=MAX_QUESTIONS_PER_VISITOR,
        widget=forms.NumberInput(attrs={"class": "short"}),
    )
    questions_per_day = forms.IntegerField(
        label=_("Questions that all visitors together may ask in a day"),
        min_value=1,
        max_value=MAX_QUESTIONS_PER_DAY,
        widget=forms.NumberInput(attrs={"class": "short"}),
        help_text=_("They count among the questions that your organization may ask in a day."),
    )
    opens_documents = forms.BooleanField(
        label=_("Visitors may open the documents"),
        required=False,
        help_text=_(
            "Otherwise they see only the passages that an answer to them rests on, which is what "
            "you want when the documents are not public themselves."
        ),
    )

    def __init__(self, sharing: AppSharing, data: Any = None) -> None:
        stored = {name: getattr(sharing, name) for name in self.base_fields}
        super().__init__(data, initial=stored)

    def allowance(self) -> Allowance:
        return Allowance(**self.cleaned_data)


class WebsitesForm(forms.Form):
    """On which websites the chat may be shown."""

    domains = forms.CharField(
        label=_("Your websites, one on each line"),
        required=False,
        max_length=260 * MAX_DOMAINS,
        widget=forms.Textarea(attrs={"rows": 4, "spellcheck": "false", "autocapitalize": "none"}),
        help_text=_(
            "Exact names, such as www.school.example. Browsers refuse to show the chat on any other "
            "website; with none named, on every website."
        ),
    )

    def __init__(self, sharing: AppSharing, data: Any = None) -> None:
        super().__init__(data, initial={"domains": "\n".join(sharing.domains)})

    def domains_named(self) -> list[str]:
        return str(self.cleaned_data["domains"]).replace(",", "\n").splitlines()

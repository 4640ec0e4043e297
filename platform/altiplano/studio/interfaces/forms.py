"""Forms of the app pages."""

import uuid
from collections.abc import Sequence

from django import forms
from django.utils.translation import gettext_lazy as _

from altiplano.knowledge.queries import CollectionSummary
from altiplano.studio.pipeline_templates import DEFAULT_TEMPLATE, TEMPLATES


class NameForm(forms.Form):
    """Another name for an app."""

    name = forms.CharField(
        label=_("Name"), max_length=200, widget=forms.TextInput(attrs={"dir": "auto"})
    )


class AppForm(forms.Form):
    """A new app: its name, how it answers, and from what."""

    name = forms.CharField(
        label=_("Name"),
        max_length=200,
        help_text=_("What people see above their questions, such as “School garden”."),
        widget=forms.TextInput(attrs={"dir": "auto"}),
    )
    template = forms.ChoiceField(
        label=_("How does it answer?"),
        initial=DEFAULT_TEMPLATE,
        choices=[(each.slug, each.title) for each in TEMPLATES.values()],
        widget=forms.RadioSelect,
    )
    collections = forms.MultipleChoiceField(
        label=_("From which collections?"),
        required=False,
        widget=forms.CheckboxSelectMultiple,
    )

    def __init__(
        self,
        collections: Sequence[CollectionSummary],
        data: object = None,
        *,
        chosen: Sequence[uuid.UUID | str] = (),
    ) -> None:
        super().__init__(data, initial={"collections": [str(each) for each in chosen]})  # type: ignore[arg-type]
        self.fields["collections"].choices = [  # type: ignore[attr-defined]
            (str(collection.id), collection.name) for collection in collections
        ]

    @property
    def templates(self) -> list[tuple[forms.boundfield.BoundWidget, object]]:
        """Each choice of a template with what it is for."""
        return [
            (choice, TEMPLATES[str(choice.data["value"])].summary) for choice in self["template"]
        ]

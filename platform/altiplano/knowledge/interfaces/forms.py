"""Forms of the collection pages."""

from django import forms
from django.utils.translation import gettext_lazy as _

from altiplano.knowledge.domain.collections import MAX_COLLECTION_NAME_CHARS


class CollectionForm(forms.Form):
    name = forms.CharField(label=_("Name"), max_length=MAX_COLLECTION_NAME_CHARS)
    language = forms.ChoiceField(
        label=_("Main language"),
        required=False,
        choices=[("", _("several, or not known")), ("en", _("English")), ("fr", _("French"))],
        help_text=_("Documents in other languages are read all the same."),
    )

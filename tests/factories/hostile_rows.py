"""Hostile texts in every column of words, past all forms: what pages must be able to bear."""

from django.db import DataError, IntegrityError, models, transaction

from tests.factories.hostile import FORMS

SHORTEST = 100
"""A column that is too short for most forms holds codes, not words."""
EVERYTHING = "\n\n".join(form.text for form in FORMS)


def _holds_words(field: models.Field) -> bool:
    return (
        isinstance(field, models.CharField | models.TextField)
        and not isinstance(field, models.SlugField)
        and not field.choices
        and not field.unique
        and (field.max_length or SHORTEST) >= SHORTEST
    )


def store_everywhere(tables: list[type[models.Model]], turn: int) -> dict[str, int]:
    """Every column of words holds a form, the long ones all of them; how often each form stands.

    With each ``turn`` the short columns hold other forms.
    """
    stored = {form.name: 0 for form in FORMS}
    place = turn
    for table in tables:
        for field in table._meta.concrete_fields:
            if not _holds_words(field):
                continue
            place += 7  # has no factor in common with the number of forms
            form = FORMS[place % len(FORMS)]
            text = form.text[: field.max_length] if field.max_length else EVERYTHING
            try:
                with transaction.atomic():
                    # The audit's own query set refuses changes.
                    models.QuerySet(table).update(**{field.name: text})
            except (IntegrityError, DataError):
                continue  # a rule of the database keeps it out
            stored[form.name] += 1
    return stored

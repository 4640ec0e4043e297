"""Domain errors beside the fields of a page's form."""

from django import forms

from altiplano.kernel.errors import DomainError


def add_domain_errors(form: forms.Form, error: DomainError) -> None:
    """The form is invalid and says why: at the field that is at fault, else above all fields."""
    known = [name for name in error.fields if name in form.fields]
    form.add_error(known[0] if known else None, error.message)

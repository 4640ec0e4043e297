"""Pages about errors say what happened and lead on."""

import pytest
from django.contrib.auth.models import AnonymousUser
from django.template.loader import render_to_string
from django.test import RequestFactory
from django.utils import translation

PAGES = ("400.html", "403.html", "403_csrf.html", "404.html", "429.html", "500.html")


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("language", "words"),
    [("en", "Back to the first page"), ("fr", "Retour à la page d\u2019accueil")],
)
@pytest.mark.parametrize("name", PAGES)
def test_no_error_page_is_a_dead_end(name, language, words):
    request = RequestFactory().get("/somewhere/")
    request.user = AnonymousUser()
    with translation.override(language):
        page = render_to_string(name, request=request)
    assert f'<a href="/">{words}</a>' in page
    assert f'<html lang="{language}"' in page

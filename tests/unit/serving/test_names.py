"""What a model is called to a reader."""

from django.utils import translation

from altiplano.serving.models import EMBEDDED_NAME, ModelEndpoint


def test_names_given_by_the_platform_are_said_in_the_readers_language():
    given = ModelEndpoint(name=EMBEDDED_NAME, model="small")
    with translation.override("fr"):
        assert str(given) == "modèle de démonstration intégré (small)"
    assert str(given) == "Embedded demonstration model (small)"


def test_names_given_by_people_stay():
    own = ModelEndpoint(name="Notre Llama", model="llama-3")
    with translation.override("fr"):
        assert str(own) == "Notre Llama (llama-3)"

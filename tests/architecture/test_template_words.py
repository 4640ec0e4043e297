"""No filter or tag has the name of another: which of the two a page gets would depend on ``load``."""

from collections import defaultdict
from importlib import import_module

from django.template import engines
from django.template.library import Library


def _libraries() -> dict[str, Library]:
    """Ours and Django's own, by the module that defines them."""
    engine = engines["django"].engine
    modules = {*engine.libraries.values(), *engine.builtins}
    return {
        name: import_module(name).register
        for name in modules
        if name.startswith(("altiplano.", "django."))
    }


def test_filters_and_tags_have_names_of_their_own():
    places: dict[tuple[str, str], set[str]] = defaultdict(set)
    for module, library in _libraries().items():
        for kind, words in (("filter", library.filters), ("tag", library.tags)):
            for word in words:
                places[kind, word].add(module)
    assert len(places) > 100
    twice = {
        word: sorted(modules)
        for word, modules in places.items()
        if len(modules) > 1 and any(module.startswith("altiplano.") for module in modules)
    }
    assert not twice

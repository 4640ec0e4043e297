"""Conformance suites: what a plugin of each kind must do, as tests an author inherits.

::

    from altiplano_sdk.testing.parser_suite import ParserSuite

    class TestMyParser(ParserSuite):
        plugin_class = MyParser

A package with ``altiplano-plugin.toml`` needs no such file: :mod:`.plugin` makes its suites from
the manifest, and :mod:`.run` reports on them.

Needs pytest, which comes with the SDK and which nothing else of it imports.
"""

import pkgutil

import pytest

# Asserts of the suites explain themselves as asserts in a test file do.
pytest.register_assert_rewrite(*(f"{__name__}.{m.name}" for m in pkgutil.iter_modules(__path__)))

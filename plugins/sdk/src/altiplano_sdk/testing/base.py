"""What every plugin is held to, whatever its kind, and the guard that keeps a suite whole."""

import inspect
from collections.abc import Mapping
from typing import Any, ClassVar

import pytest
from pydantic import BaseModel

from altiplano_sdk import CONTRACT_VERSION, Context, Manifest, StageKind
from altiplano_sdk.testing.capabilities import granted_context
from altiplano_sdk.testing.reference import reference_set
from altiplano_sdk.testing.rules import CONFIG, WHOLE, proves
from altiplano_sdk.testing.samples import Samples


class SilentLog:
    """A log that keeps nothing; plugins under test may write to it."""

    def info(self, event: str, **fields: Any) -> None:
        """Forgets the event."""

    def warning(self, event: str, **fields: Any) -> None:
        """Forgets the event."""


class ConformanceSuite:
    """Inherit through the suite of your plugin's kind and set ``plugin_class``.

    A suite is a promise, so no test of it can be left out in silence: one that is set to None
    or replaced fails :meth:`test_suite_is_whole`, unless the replacement is marked
    ``@pytest.mark.xfail(reason=...)`` and so states what the plugin does not do.

    A plugin that needs more than stubs gives overrides :meth:`make_context`. ``samples`` are what
    an author wrote down in ``conformance.toml`` because no suite can guess it.
    """

    kind: ClassVar[StageKind]
    plugin_class: ClassVar[Any]
    config: ClassVar[Mapping[str, Any]] = {}
    samples: ClassVar[Samples] = Samples()

    @pytest.fixture
    def plugin(self) -> Any:
        """A fresh plugin with the suite's ``config``."""
        return self.make_plugin()

    @pytest.fixture
    def ctx(self) -> Context:
        return self.make_context()

    def make_plugin(self) -> Any:
        return self.plugin_class(self.plugin_class.Config.model_validate(dict(self.config)))

    def make_context(self) -> Context:
        """A context with a stub for each capability that the manifest asks for, and no other."""
        return granted_context(
            self.plugin_class.manifest.grants,
            passages=reference_set().passages,
            prepared=self.samples.prepared,
        )

    @proves(WHOLE)
    def test_suite_is_whole(self) -> None:
        """Every test of the suite runs as written or states why it cannot."""
        changed = sorted(
            name
            for name, original in suite_tests(type(self)).items()
            if getattr(type(self), name, None) is not original
            and not states_a_reason(getattr(type(self), name, None))
        )
        assert not changed, (
            f"removed or replaced without @pytest.mark.xfail(reason=...): {', '.join(changed)}"
        )

    def test_manifest_is_of_this_kind_and_contract(self) -> None:
        manifest = self.plugin_class.manifest
        assert isinstance(manifest, Manifest)
        assert manifest.kind is self.kind
        assert manifest.contract <= CONTRACT_VERSION

    @proves(CONFIG)
    def test_config_describes_itself(self) -> None:
        """The form is drawn from the schema: each field says in a sentence what it is for."""
        config_model = self.plugin_class.Config
        assert issubclass(config_model, BaseModel)
        fields = config_model.model_fields
        assert [name for name, field in fields.items() if not field.description] == []

    @proves(CONFIG)
    def test_config_refuses_unknown_fields(self) -> None:
        """A misspelt field is an error its author sees, not a default in disguise."""
        with pytest.raises(ValueError, match="no_such_field"):
            self.plugin_class.Config.model_validate({**self.config, "no_such_field": 1})


def suite_tests(cls: type) -> dict[str, Any]:
    """The tests that ``cls`` inherits from suites, by name, as the suites wrote them."""
    tests: dict[str, Any] = {}
    for base in reversed(cls.__mro__):
        if base is not cls and _is_suite(base):
            tests.update(
                (name, member)
                for name, member in vars(base).items()
                if name.startswith("test_") and inspect.isfunction(member)
            )
    return tests


def states_a_reason(member: Any) -> bool:
    """Whether ``member`` carries an xfail mark with a reason."""
    marks = getattr(member, "pytestmark", [])
    return any(mark.name == "xfail" and mark.kwargs.get("reason") for mark in marks)


def _is_suite(cls: type) -> bool:
    """A suite is a class between :class:`ConformanceSuite` and the first one with a plugin."""
    return issubclass(cls, ConformanceSuite) and not hasattr(cls, "plugin_class")

from typing import ClassVar

import pytest
from pydantic import BaseModel, ConfigDict

from altiplano_sdk import Manifest, StageKind
from altiplano_sdk.testing.base import ConformanceSuite


class Config(BaseModel):
    model_config = ConfigDict(extra="forbid")


class Plugin:
    manifest = Manifest(
        id="sample", version="1.0.0", kind=StageKind.PARSER, title="Sample", summary="A sample."
    )
    Config = Config

    def __init__(self, config):
        self.config = config


class SampleSuite(ConformanceSuite):
    kind = StageKind.PARSER

    def test_promise(self):
        assert self.make_plugin().config == Config()


def test_whole_suite_passes():
    class Whole(SampleSuite):
        plugin_class = Plugin

        def test_more(self):
            """An author's own test beside the suite's."""

    Whole().test_suite_is_whole()


def test_replaced_promise_is_named():
    class Replaced(SampleSuite):
        plugin_class = Plugin

        def test_promise(self):
            """Promises nothing."""

    with pytest.raises(AssertionError, match="test_promise"):
        Replaced().test_suite_is_whole()


def test_removed_promise_is_named():
    class Removed(SampleSuite):
        plugin_class = Plugin
        test_promise: ClassVar[None] = None  # type: ignore[assignment]

    with pytest.raises(AssertionError, match="test_promise"):
        Removed().test_suite_is_whole()


def test_promise_not_kept_for_a_stated_reason_is_accepted():
    class Honest(SampleSuite):
        plugin_class = Plugin

        @pytest.mark.xfail(reason="this format has no order")
        def test_promise(self):
            """States what is not kept."""

    Honest().test_suite_is_whole()


def test_mark_without_a_reason_is_not_enough():
    class Silent(SampleSuite):
        plugin_class = Plugin

        @pytest.mark.xfail
        def test_promise(self):
            """Says nothing."""

    with pytest.raises(AssertionError, match="test_promise"):
        Silent().test_suite_is_whole()

"""The promises of every kind that is called with a text: kept alone, together and in trouble."""

import asyncio
from abc import abstractmethod
from dataclasses import replace
from typing import Any, ClassVar, Final

import pytest

from altiplano_sdk import Context, PluginError
from altiplano_sdk.testing.base import ConformanceSuite
from altiplano_sdk.testing.capabilities import SECRET_MARK, StubLog, StubStore, ledger_of
from altiplano_sdk.testing.failing import failing_context, stalled_context
from altiplano_sdk.testing.rules import (
    BUDGETS,
    CANCELLATION,
    CONCURRENCY,
    HUGE_INPUT,
    IDEMPOTENCE,
    ISOLATION,
    ODD_INPUT,
    REPEATABLE,
    SECRETS,
    TAXONOMY,
    proves,
)
from altiplano_sdk.testing.texts import ODD_TEXTS, USUAL, USUAL_TEXTS, huge_text

CANARY: Final = "Zanzibar-4711-quokka"
CANCELLED_WITHIN: Final = 2.0
"""Seconds between the wish to stop and the end of the call."""


class CallSuite(ConformanceSuite):
    """A suite of a kind says what one whole call is; this class makes it in every way there is."""

    repeatable: ClassVar[bool] = True
    huge_characters: ClassVar[int] = 200_000

    @abstractmethod
    async def call(self, plugin: Any, ctx: Context, text: str) -> Any:
        """What the plugin makes of ``text``, checked against the contract; can be compared."""

    def same(self, one: Any, other: Any) -> bool:
        """Whether two results of :meth:`call` are the same to everybody who uses them."""
        return bool(one == other)

    def run(self, plugin: Any, ctx: Context, text: str = USUAL) -> Any:
        """:meth:`call`, ended within the seconds that the manifest grants."""
        return asyncio.run(self._call_in_time(plugin, ctx, text))

    def run_or_refuse(self, plugin: Any, ctx: Context, text: str = USUAL) -> Any:
        """As :meth:`run`; an SDK error with a sentence is a result too."""
        try:
            return self.run(plugin, ctx, text)
        except PluginError as refusal:
            assert_is_for_people(refusal)
            return type(refusal), refusal.code, refusal.message

    async def _call_in_time(self, plugin: Any, ctx: Context, text: str) -> Any:
        async with asyncio.timeout(self.plugin_class.manifest.grants.seconds):
            return await self.call(plugin, ctx, text)

    @proves(REPEATABLE)
    def test_same_call_gives_the_same_result(self) -> None:
        """On the same instance and on a fresh one."""
        if not self.repeatable:
            pytest.skip("this kind promises no repeatable results")
        plugin = self.make_plugin()
        for text in USUAL_TEXTS:
            first = self.run(plugin, self.make_context(), text)
            assert self.same(first, self.run(plugin, self.make_context(), text))
            assert self.same(first, self.run(self.make_plugin(), self.make_context(), text))

    @pytest.mark.parametrize("text", ODD_TEXTS.values(), ids=ODD_TEXTS)
    @proves(ODD_INPUT)
    def test_odd_text_is_answered_or_refused(self, plugin: Any, ctx: Context, text: str) -> None:
        self.run_or_refuse(plugin, ctx, text)

    @proves(HUGE_INPUT)
    def test_huge_text_is_answered_or_refused(self, plugin: Any, ctx: Context) -> None:
        """Within the seconds of the manifest."""
        self.run_or_refuse(plugin, ctx, huge_text(self.huge_characters))

    @proves(CANCELLATION)
    def test_cancelled_call_ends_at_once(self, plugin: Any) -> None:
        """Asked to stop while it waits for a capability, the plugin lets go."""
        grants = self.plugin_class.manifest.grants

        async def cancel_while_waiting() -> bool:
            waiting = asyncio.Event()
            call = asyncio.create_task(self.call(plugin, stalled_context(grants, waiting), USUAL))
            stalled = asyncio.create_task(waiting.wait())
            first = asyncio.FIRST_COMPLETED
            await asyncio.wait({call, stalled}, timeout=grants.seconds, return_when=first)
            stalled.cancel()
            if call.done():
                call.exception()
                return True
            call.cancel()
            await asyncio.wait({call}, timeout=CANCELLED_WITHIN)
            return call.cancelled()

        assert asyncio.run(cancel_while_waiting()), "the cancelled call went on"

    @proves(CANCELLATION)
    def test_cancelled_huge_call_ends_soon(self, plugin: Any, ctx: Context) -> None:
        """A person closes the page while much is done: nothing of it goes on."""

        async def cancel_while_working() -> bool:
            text = huge_text(self.huge_characters)
            call = asyncio.create_task(self.call(plugin, ctx, text))
            await asyncio.sleep(0.01)
            if not call.cancel():
                return True
            await asyncio.wait({call}, timeout=CANCELLED_WITHIN)
            return call.cancelled()

        assert asyncio.run(cancel_while_working()), "the cancelled call went on"

    @proves(CONCURRENCY)
    def test_calls_at_once_do_not_mix(self, plugin: Any) -> None:
        """Many calls on one instance give what each gives alone."""
        alone = [self.run(self.make_plugin(), self.make_context(), text) for text in USUAL_TEXTS]

        async def together() -> list[Any]:
            calls = (self.call(plugin, self.make_context(), text) for text in USUAL_TEXTS * 3)
            async with asyncio.timeout(self.plugin_class.manifest.grants.seconds):
                return await asyncio.gather(*calls)

        results = asyncio.run(together())
        if self.repeatable:
            assert all(map(self.same, results, alone * 3))

    @proves(IDEMPOTENCE)
    def test_calling_again_changes_nothing(self, plugin: Any, ctx: Context) -> None:
        """A job may run twice: the second time finds everything done and says the same."""
        first = self.run(plugin, ctx)
        stored = _stored(ctx)
        again = self.run(plugin, ctx)
        assert _stored(ctx) == stored
        if self.repeatable:
            assert self.same(first, again)

    @proves(TAXONOMY)
    def test_trouble_of_a_capability_is_no_surprise(self, plugin: Any) -> None:
        """The plugin does without, or passes the SDK's error on; it raises no other."""
        self.run_or_refuse(plugin, failing_context(self.plugin_class.manifest.grants))

    @proves(TAXONOMY)
    def test_without_grants_it_works_or_says_so(self, plugin: Any) -> None:
        """An organization may refuse any grant: the capability is None."""
        self.run_or_refuse(plugin, Context(log=StubLog()))

    @proves(ISOLATION)
    def test_nothing_is_kept_for_another_organization(self) -> None:
        """What one instance saw changes nothing for the next, which has another store."""
        before = self.run(self.make_plugin(), self.make_context())
        self.run_or_refuse(self.make_plugin(), self.make_context(), f"{CANARY} {USUAL} {CANARY}")
        ctx = self.make_context()
        after = self.run(self.make_plugin(), ctx)
        assert CANARY not in repr((after, _stored(ctx)))
        if self.repeatable:
            assert self.same(before, after)

    @proves(BUDGETS)
    def test_grants_are_enough(self, plugin: Any) -> None:
        """Nothing that a usual call asks for is refused, not even when nobody notices."""
        for text in USUAL_TEXTS:
            ctx = self.make_context()
            self.run_or_refuse(plugin, ctx, text)
            assert ledger_of(ctx).refusals == []

    @proves(SECRETS)
    def test_secrets_stay_secret(self, plugin: Any, ctx: Context) -> None:
        result = self.run_or_refuse(plugin, ctx)
        logged = ctx.log.lines if isinstance(ctx.log, StubLog) else []
        stored = _stored(ctx)
        assert SECRET_MARK not in repr((result, logged, stored))


def assert_is_for_people(error: PluginError) -> None:
    """The message of the error can be shown: a sentence without paths or traces of code."""
    message = error.message
    assert message[:1].isupper() or not message[:1].isalpha(), f"no sentence: {message!r}"
    assert message.endswith((".", "!", "?")), f"no sentence: {message!r}"
    assert "Traceback" not in message


def without_score(passage: Any) -> Any:
    """The passage with what a ranking may change taken out."""
    return replace(passage, score=0.0)


def _stored(ctx: Context) -> dict[str, bytes]:
    return dict(ctx.store.entries) if isinstance(ctx.store, StubStore) else {}

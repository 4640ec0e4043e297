"""What every query rewriter does: other wordings of a question, which stays the person's."""

import asyncio
from typing import Any, Final, cast

from altiplano_sdk import ChatMessage, Context, Query, StageKind
from altiplano_sdk.testing.calls import CallSuite
from altiplano_sdk.testing.rules import HUGE_INPUT, SHAPES, proves
from altiplano_sdk.testing.shapes import assert_shape
from altiplano_sdk.testing.texts import QUESTION

VARIANTS_AT_MOST: Final = 8
LONGER_AT_MOST: Final = 1_000
"""Characters by which a wording may be longer than the question."""

HISTORY: Final = (
    ChatMessage("user", "When is compost mature?"),
    ChatMessage("assistant", "After six to twelve months."),
)


class QuerySuite(CallSuite):
    """Set ``plugin_class``; override ``make_context`` when stubs are not enough."""

    kind = StageKind.QUERY
    huge_characters = 50_000

    async def call(self, plugin: Any, ctx: Context, text: str) -> Query:
        query = Query(text, language="en", history=HISTORY)
        rewritten = await plugin.rewrite(query, ctx)
        assert_rewriting(query, rewritten)
        return cast(Query, rewritten)

    def rewrite(self, plugin: Any, ctx: Context, query: Query) -> Query:
        rewritten = asyncio.run(plugin.rewrite(query, ctx))
        assert_rewriting(query, rewritten)
        return cast(Query, rewritten)

    @proves(SHAPES)
    def test_the_question_stays_the_persons(self, plugin: Any, ctx: Context) -> None:
        """Prompt and trace show it; other wordings are variants."""
        assert self.rewrite(plugin, ctx, Query(QUESTION, language="en")).text == QUESTION

    @proves(SHAPES)
    def test_a_question_without_a_language_is_rewritten(self, plugin: Any, ctx: Context) -> None:
        assert self.rewrite(plugin, ctx, Query(QUESTION)).text == QUESTION

    @proves(SHAPES)
    def test_earlier_variants_are_not_lost(self, plugin: Any, ctx: Context) -> None:
        given = Query(QUESTION, language="en", variants=("How long until compost is ready?",))
        assert set(given.variants) <= set(self.rewrite(plugin, ctx, given).variants)

    @proves(HUGE_INPUT)
    def test_a_long_history_is_read_or_left(self, plugin: Any, ctx: Context) -> None:
        query = Query("And in winter?", language="en", history=HISTORY * 200)
        assert self.rewrite(plugin, ctx, query).text == "And in winter?"


def assert_rewriting(query: Query, rewritten: Any) -> None:
    """Passes when only variants were added: few, none twice, none much longer than the question."""
    assert_shape(rewritten, Query)
    assert rewritten.text == query.text, "the question itself was changed"
    assert rewritten.history == query.history, "what was said before was changed"
    assert len(rewritten.variants) <= VARIANTS_AT_MOST
    assert len(set(rewritten.variants)) == len(rewritten.variants)
    for variant in rewritten.variants:
        assert variant.strip(), "an empty variant would search for nothing"
        assert len(variant) <= len(query.text) + LONGER_AT_MOST

"""What this guard does that no conformance suite can know."""

import asyncio

import altiplano_sdk as sdk
from my_guard import MyGuard
from altiplano_sdk.testing.base import SilentLog


def check(answer: str) -> sdk.GuardVerdict:
    plugin = MyGuard(MyGuard.Config(words=("secret",)))
    request = sdk.GuardRequest(sdk.GuardPoint.ANSWER, sdk.Query("Why?"), answer=answer)
    return asyncio.run(plugin.check(request, sdk.Context(log=SilentLog())))


def test_answer_with_a_word_of_the_list_is_replaced() -> None:
    assert check("That is secret").action == "replace"


def test_other_answers_pass() -> None:
    assert check("That is known").action == "pass"

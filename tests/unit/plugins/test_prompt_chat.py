import asyncio

from altiplano_plugins.prompt_chat import ChatPrompt, ChatPromptConfig
from altiplano_sdk import ChatMessage, Context, PromptRequest, Query
from altiplano_sdk.testing.base import SilentLog

TURNS = (ChatMessage("user", "One?"), ChatMessage("assistant", "One.")) * 3


def build(*, history=TURNS, context=4096, **config):
    request = PromptRequest(Query("Two?", history=history), (), context, 64)
    prompt = ChatPrompt(ChatPromptConfig(**config))
    return asyncio.run(prompt.build(request, Context(log=SilentLog())))


def test_conversation_stands_between_instructions_and_question():
    result = build(system="Be kind.")
    assert result.messages == (
        ChatMessage("system", "Be kind."), *TURNS, ChatMessage("user", "Two?"),
    )  # fmt: skip
    assert result.trimmed == ()


def test_no_instructions_no_system_message():
    assert build(system="").messages[0].role == "user"


def test_memory_is_as_long_as_the_owner_wants():
    assert len(build(history_messages=2).messages) == 4
    assert len(build(history_messages=0).messages) == 2


def test_old_messages_go_first_and_are_told():
    result = build(context=130)
    assert len(result.messages) < 8
    assert result.messages[-3:-1] == TURNS[-2:]
    assert "left out" in result.trimmed[0]

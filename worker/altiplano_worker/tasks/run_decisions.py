"""A call that waits for a yes, as it is stored with the answer and as it comes back decided."""

from collections.abc import Mapping
from typing import Any

import altiplano_sdk as sdk
from altiplano_worker.runtime.outcome import Decision, WaitingCall


def stored_waiting(waiting: WaitingCall | None) -> dict[str, Any]:
    """Empty when nothing waits."""
    if waiting is None:
        return {}
    return {
        "tool": waiting.wish.name,
        "plugin": waiting.plugin,
        "arguments": dict(waiting.arguments),
        "wish": _stored_call(waiting.wish),
        "messages": [
            {
                "role": message.role,
                "content": message.content,
                "calls": [_stored_call(call) for call in message.tool_calls],
                "answers": message.tool_call_id,
            }
            for message in waiting.messages
        ],
    }


def read_decision(stored: Mapping[str, Any] | None) -> Decision | None:
    """What :func:`stored_waiting` made, with ``is_yes``."""
    if stored is None:
        return None
    return Decision(
        wish=_read_call(stored["wish"]),
        messages=tuple(
            sdk.ChatMessage(
                message["role"],
                message["content"],
                tool_calls=tuple(map(_read_call, message["calls"])),
                tool_call_id=message["answers"],
            )
            for message in stored["messages"]
        ),
        is_yes=stored["is_yes"] is True,
    )


def _stored_call(call: sdk.ToolCall) -> dict[str, str]:
    return {"id": call.id, "name": call.name, "arguments": call.arguments}


def _read_call(stored: Mapping[str, str]) -> sdk.ToolCall:
    return sdk.ToolCall(stored["id"], stored["name"], stored["arguments"])

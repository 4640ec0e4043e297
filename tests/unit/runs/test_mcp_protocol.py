"""What may be in the body of a request to an MCP server, and how each generation is answered."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from altiplano.runs.interfaces.mcp import protocol
from altiplano.runs.interfaces.mcp.protocol import ProtocolError, read_message

NEWEST = protocol.ENVELOPE_VERSIONS[-1]
META = {protocol.VERSION_KEY: NEWEST, protocol.CAPABILITIES_KEY: {}}
HEADERS = {"MCP-Protocol-Version": NEWEST, "Mcp-Method": "tools/call", "Mcp-Name": "ask"}


def body(method="tools/list", **more):
    return json.dumps({"jsonrpc": "2.0", "id": 1, "method": method, **more}).encode()


def call_with_envelope(meta=META, headers=HEADERS):
    return read_message(body("tools/call", params={"name": "ask", "_meta": meta}), headers)


def refused(raw, headers=()):
    with pytest.raises(ProtocolError) as caught:
        read_message(raw, dict(headers))
    return caught.value


def test_message_of_an_older_client_needs_no_header():
    message = read_message(body(params={"cursor": "x"}), {})
    assert (message.id, message.method, message.params) == (1, "tools/list", {"cursor": "x"})
    assert not message.has_envelope
    assert not message.is_notification


def test_message_without_an_id_is_a_notification():
    raw = json.dumps({"jsonrpc": "2.0", "method": "notifications/initialized"}).encode()
    assert read_message(raw, {}).is_notification


def test_envelope_of_a_newer_client_is_read():
    assert call_with_envelope().has_envelope


@pytest.mark.parametrize(
    ("raw", "code"),
    [
        (b"", protocol.PARSE_ERROR),
        (b"{", protocol.PARSE_ERROR),
        (b"\xff", protocol.PARSE_ERROR),
        (b"[" * 100_000, protocol.PARSE_ERROR),
        (b"[]", protocol.INVALID_REQUEST),
        (b"null", protocol.INVALID_REQUEST),
        (body(jsonrpc="1.0"), protocol.INVALID_REQUEST),
        (body(id=None), protocol.INVALID_REQUEST),
        (body(id=True), protocol.INVALID_REQUEST),
        (body(id=1.5), protocol.INVALID_REQUEST),
        (body(id="x" * 129), protocol.INVALID_REQUEST),
        (body(method=7), protocol.INVALID_REQUEST),
        (body(method="x" * 129), protocol.INVALID_REQUEST),
        (body(params=[1]), protocol.INVALID_PARAMS),
    ],
)
def test_what_is_no_single_message_is_refused_by_its_code(raw, code):
    assert refused(raw).code == code


@pytest.mark.parametrize("missing", META)
def test_envelope_must_be_whole(missing):
    with pytest.raises(ProtocolError) as caught:
        call_with_envelope({name: value for name, value in META.items() if name != missing})
    assert caught.value.code == protocol.INVALID_PARAMS
    assert caught.value.request_id == 1, "the client finds the request that it belongs to"


@pytest.mark.parametrize("header", HEADERS)
def test_headers_must_say_what_the_body_says(header):
    with pytest.raises(ProtocolError) as caught:
        call_with_envelope(headers={**HEADERS, header: NEWEST + "x"})
    assert caught.value.code == protocol.HEADER_MISMATCH


def test_unknown_version_is_told_which_ones_there_are():
    with pytest.raises(ProtocolError) as caught:
        call_with_envelope(
            {**META, protocol.VERSION_KEY: "2030-01-01"},
            {**HEADERS, "MCP-Protocol-Version": "2030-01-01"},
        )
    assert caught.value.code == protocol.UNSUPPORTED_VERSION
    assert caught.value.data["supported"] == list(protocol.ENVELOPE_VERSIONS)


@pytest.mark.parametrize(
    ("asked", "answered"),
    [("2025-06-18", "2025-06-18"), ("1999-01-01", "2025-11-25"), (None, "2025-11-25")],
)
def test_version_is_negotiated(asked, answered):
    assert protocol.negotiated_version({"protocolVersion": asked}) == answered


def test_each_generation_is_answered_in_its_own_form():
    server = {"name": "s", "version": "1"}
    old = protocol.result_message(read_message(body(), {}), {"tools": []}, server=server)
    assert old == {"jsonrpc": "2.0", "id": 1, "result": {"tools": []}}
    new = protocol.result_message(call_with_envelope(), {"tools": []}, server=server)["result"]
    assert new["resultType"] == "complete"
    assert new["_meta"][protocol.SERVER_KEY] == server


def read_or_refuse(raw, headers):
    try:
        return read_message(raw, headers)
    except ProtocolError as error:
        return error


@given(st.binary(max_size=200))
def test_any_bytes_are_a_message_or_a_protocol_error(raw):
    read = read_or_refuse(raw, {})
    if isinstance(read, ProtocolError):
        assert read.as_message()["error"]["code"] < 0
    else:
        assert isinstance(read.method, str)


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=8,
)


@given(st.fixed_dictionaries({}, optional={
    "jsonrpc": st.just("2.0") | JSON, "id": JSON, "method": st.just("tools/call") | JSON,
    "params": st.fixed_dictionaries({}, optional={"_meta": st.just(META) | JSON, "name": JSON}) | JSON,
}), st.dictionaries(st.sampled_from(sorted(HEADERS)), st.text()))  # fmt: skip
def test_any_object_is_a_message_or_a_protocol_error(message, headers):
    read = read_or_refuse(json.dumps(message).encode(), headers)
    number = read.request_id if isinstance(read, ProtocolError) else read.id
    assert isinstance(number, str | int | None)

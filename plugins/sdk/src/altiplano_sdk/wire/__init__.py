"""How calls travel between the platform and a plugin in another process.

Frames carry a message and, where it has one, a value; values are the dataclasses of the contract,
written and read strictly. Both ends use this package, and neither trusts the other.
"""

from altiplano_sdk.wire.codec import Codec, WireError, attributes_codec, broker_codec, method_codec
from altiplano_sdk.wire.failures import Failure, describe_failure, failure_error
from altiplano_sdk.wire.frames import Frame, FrameError, FrameLimits, FrameReader, encode_frame
from altiplano_sdk.wire.messages import Message, decode_message, encode_message
from altiplano_sdk.wire.methods import (
    ATTRIBUTES,
    BROKER,
    METHODS,
    IndexPart,
    IndexQuestion,
    LoadedFile,
    MethodSpec,
)

__all__ = [
    "ATTRIBUTES",
    "BROKER",
    "METHODS",
    "Codec",
    "Failure",
    "Frame",
    "FrameError",
    "FrameLimits",
    "FrameReader",
    "IndexPart",
    "IndexQuestion",
    "LoadedFile",
    "Message",
    "MethodSpec",
    "WireError",
    "attributes_codec",
    "broker_codec",
    "decode_message",
    "describe_failure",
    "encode_frame",
    "encode_message",
    "failure_error",
    "method_codec",
]

"""Errors cross the wire by kind; only those of the SDK bring words."""

import pytest

import altiplano_sdk as sdk
from altiplano_sdk.wire import Failure, describe_failure, failure_error

ERRORS = [
    sdk.UnreadableDocumentError("It is encrypted."),
    sdk.PermanentError("Never.", code="never_ever"),
    sdk.RetryableError("Later."),
    sdk.EngineError("Odd answer."),
    sdk.EngineTimeoutError("Silent."),
    sdk.EngineUnavailableError("Away."),
    sdk.BudgetExceededError("Too much."),
    sdk.PluginError("Hm."),
]


@pytest.mark.parametrize("error", ERRORS, ids=lambda error: type(error).__name__)
def test_error_of_the_sdk_comes_back_as_it_was(error):
    again = failure_error(describe_failure(error))
    assert type(again) is type(error)
    assert (again.message, again.code) == (error.message, error.code)


def test_other_errors_tell_their_type_only():
    failure = describe_failure(KeyError("hunter2"))
    assert failure == Failure("unexpected", "unexpected", "KeyError")
    assert failure_error(failure) is None


def test_words_of_an_error_are_one_clean_short_line():
    again = failure_error(Failure("permanent", "Not A Code!", "a\n\u202eb\x00c" + "d" * 900))
    assert again is not None
    assert again.message.startswith("a bc")
    assert len(again.message) <= 500
    assert again.code == "permanent"
    assert failure_error(Failure("retryable", "x", "")).message == "The plugin gave no reason."

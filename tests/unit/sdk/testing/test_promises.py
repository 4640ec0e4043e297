"""Every promise has a plugin that breaks it, and the suite says which one it was."""

import inspect

import pytest

from altiplano_sdk.testing import rules
from altiplano_sdk.testing.base import suite_tests
from altiplano_sdk.testing.guard_suite import GuardSuite
from altiplano_sdk.testing.rules import promise_of
from altiplano_sdk.testing.texts import ODD_TEXTS
from tests.unit.sdk.testing import breaking

BROKEN = {
    breaking.ReturnsAList: "test_every_point_gets_a_verdict",
    breaking.ReturnsNotANumber: "test_every_point_gets_a_verdict",
    breaking.BlocksWithoutAWord: "test_every_point_gets_a_verdict",
    breaking.DependsOnChance: "test_same_call_gives_the_same_result",
    breaking.FailsOnEmptyText: "test_odd_text_is_answered_or_refused",
    breaking.IsSlowWithLongText: "test_huge_text_is_answered_or_refused",
    breaking.WillNotStop: "test_cancelled_call_ends_at_once",
    breaking.MixesCalls: "test_calls_at_once_do_not_mix",
    breaking.StoresAgainAndAgain: "test_calling_again_changes_nothing",
    breaking.RaisesSomethingElse: "test_trouble_of_a_capability_is_no_surprise",
    breaking.NeedsWhatIsNotGranted: "test_without_grants_it_works_or_says_so",
    breaking.TellsNothing: "test_without_grants_it_works_or_says_so",
    breaking.RemembersForAll: "test_nothing_is_kept_for_another_organization",
    breaking.CallsAnotherHost: "test_grants_are_enough",
    breaking.WantsAnotherSecret: "test_grants_are_enough",
    breaking.AsksTheModelForever: "test_grants_are_enough",
    breaking.TellsSecrets: "test_secrets_stay_secret",
    breaking.LogsSecrets: "test_secrets_stay_secret",
}


def run_test(plugin, name):
    """The test as pytest would call it, on each odd text where it takes one."""

    class Suite(GuardSuite):
        plugin_class = plugin

    suite = Suite()
    test = getattr(suite, name)
    wanted = inspect.signature(test).parameters
    fixtures = {"plugin": suite.make_plugin, "ctx": suite.make_context}
    for text in ODD_TEXTS.values() if "text" in wanted else [None]:
        given = {key: make() for key, make in fixtures.items() if key in wanted}
        test(**given, **({"text": text} if text is not None else {}))


@pytest.mark.parametrize(
    ("plugin", "name"), BROKEN.items(), ids=[plugin.__name__ for plugin in BROKEN]
)
def test_broken_promise_is_noticed(plugin, name):
    with pytest.raises((AssertionError, AttributeError, IndexError, RuntimeError, TimeoutError)):
        run_test(plugin, name)


@pytest.mark.parametrize("name", sorted(set(BROKEN.values())))
def test_sound_plugin_keeps_the_promise(name):
    run_test(breaking.Sound, name)


def test_each_promise_has_its_own_code():
    promises = [one for one in vars(rules).values() if isinstance(one, rules.Promise)]
    assert len({promise.code for promise in promises}) == len(promises) == len(rules.PROMISES)


@pytest.mark.parametrize("promise", rules.PROMISES.values(), ids=rules.PROMISES)
def test_each_promise_says_how_it_is_mended(promise):
    assert promise.hint.endswith(".")
    assert promise.hint[0].isupper()


def test_what_the_promises_are_about_is_proved_in_every_called_kind():
    class Suite(GuardSuite):
        plugin_class = breaking.Sound

    proved = {promise_of(test).code for test in suite_tests(Suite).values()}
    about_reports = {rules.OWN_TEST.code, rules.MEASURING.code}
    assert proved == set(rules.PROMISES) - about_reports

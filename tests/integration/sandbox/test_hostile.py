"""C38 to C40: what hostile plugins reach, at each level, as root and as an ordinary user."""

from collections.abc import Callable
from functools import cache
from typing import Any

import pytest

from altiplano_sdk.sandbox_child.landlock import landlock_abi
from altiplano_worker.runtime.sandbox.bubblewrap import SCRATCH
from altiplano_worker.runtime.sandbox.launcher import SCRATCH_BYTES
from altiplano_worker.runtime.sandbox.levels import bubblewrap_path
from tests.integration.sandbox.accounts import can_be, run_attempts
from tests.integration.sandbox.attempts import SECONDS

CURIOUS = ["dump_secrets", "dial_out", "attack_parent"]
GREEDY = [
    "fork_bomb", "eat_memory", "eat_memory_unseen", "loop_forever", "ignore_signals",
    "flood_result", "flood_log", "flood_questions", "fill_disk", "leave_daemon", "crash",
]  # fmt: skip
ENVIRONMENT = {
    "HOME": "/nonexistent",
    "LC_ALL": "C.UTF-8",
    "MALLOC_ARENA_MAX": "1",
    "OMP_NUM_THREADS": "1",
    "OPENBLAS_NUM_THREADS": "1",
}
MEGABYTES = 1_000_000

Attempts = Callable[[str], dict[str, Any]]


@cache
def _attempts(account: str, level: str, group: tuple[str, ...]) -> dict[str, Any]:
    return run_attempts(account, level, list(group))


@pytest.fixture(params=["bubblewrap", "landlock"])
def level(request: pytest.FixtureRequest) -> str:
    there = bubblewrap_path() is not None if request.param == "bubblewrap" else landlock_abi() > 0
    if not there:
        pytest.skip(f"this machine has no {request.param}")
    return str(request.param)


@pytest.fixture(params=["root", "ordinary"])
def account(request: pytest.FixtureRequest) -> str:
    if not can_be(request.param):
        pytest.skip("only root can try what root's plugins could do")
    return str(request.param)


@pytest.fixture
def attempt(level: str, account: str) -> Attempts:
    def of(case: str) -> dict[str, Any]:
        group = CURIOUS if case in CURIOUS else GREEDY
        return _attempts(account, level, tuple(group))[case]

    return of


def test_c38_environment_is_the_allow_list(attempt: Attempts) -> None:
    found = attempt("dump_secrets")["content"]
    assert found["environment"] == ENVIRONMENT
    assert dict(entry.split("=", 1) for entry in found["block"]) == ENVIRONMENT


def test_c38_no_file_process_or_module_of_the_platform_is_seen(
    attempt: Attempts, level: str
) -> None:
    found = attempt("dump_secrets")["content"]
    # Its own working folder, which is empty, is all that /proc leads to.
    own = ["/proc/self/cwd"] if level == "landlock" else []
    assert found["opened"] == own
    assert found["modules"] == found["importable"] == []


def test_c38_open_descriptors_are_the_socket_and_the_loops_own(attempt: Attempts) -> None:
    kinds = attempt("dump_secrets")["content"]["descriptors"]
    assert sorted(kinds) == ["null"] * 3 + ["other"] + ["socket"] * 3


def test_c38_plugin_of_root_is_not_root(attempt: Attempts) -> None:
    assert attempt("dump_secrets")["content"]["uid"] != 0


def test_c39_no_socket_reaches_anybody(attempt: Attempts) -> None:
    found = attempt("dial_out")
    assert found["content"] == []
    assert found["heard"] == []


def test_c39_attack_works_where_no_door_is_closed() -> None:
    """The proof that the attack is one: without a sandbox it comes through."""
    found = _attempts("ordinary", "none", ("dial_out", "dump_secrets"))
    assert {"tcp", "udp", "unix", "abstract", "datagram"} <= set(found["dial_out"]["heard"])
    assert any(path.endswith("settings.env") for path in found["dump_secrets"]["content"]["opened"])


def test_others_cannot_be_touched_and_no_right_gained(attempt: Attempts) -> None:
    assert attempt("attack_parent")["content"] == []


@pytest.mark.fault
@pytest.mark.parametrize("case", GREEDY)
def test_c40_nothing_survives_and_time_is_kept(attempt: Attempts, case: str) -> None:
    found = attempt(case)
    assert found["survivors"] == []
    assert found["seconds"] < SECONDS + 10


@pytest.mark.fault
def test_c40_processes_cannot_be_made_and_threads_are_counted(attempt: Attempts) -> None:
    made = attempt("fork_bomb")["content"]
    assert (made["forks"], made["programs"]) == (0, 0)
    assert made["threads"] < 100


@pytest.mark.fault
def test_c40_memory_is_bounded_and_the_message_says_so(attempt: Attempts) -> None:
    found = attempt("eat_memory")
    assert found["message"] == "The plugin hostile-plugin needed more than its 128 MB of memory."


@pytest.mark.fault
def test_c40_memory_outside_the_process_is_bounded_too(attempt: Attempts) -> None:
    found = attempt("eat_memory_unseen")
    held = found.get("content") or {"files": 0, "pipes": 0, "shared": 0}
    assert held["files"] == 0
    assert held["pipes"] < 10 * MEGABYTES
    assert held["shared"] < 400 * MEGABYTES


@pytest.mark.fault
@pytest.mark.parametrize("case", ["loop_forever", "ignore_signals"])
def test_c40_endless_work_is_ended(attempt: Attempts, case: str) -> None:
    found = attempt(case)
    assert found["error"] == "BudgetExceededError"
    assert found["message"] == "The plugin hostile-plugin took longer than its 3 seconds."


@pytest.mark.fault
@pytest.mark.parametrize(
    ("case", "reason"),
    [
        ("flood_result", "sent more than it may"),
        ("flood_log", "wrote more log lines than it may"),
        ("crash", "stopped unexpectedly"),
    ],
)
def test_c40_floods_and_crashes_end_the_process_only(
    attempt: Attempts, case: str, reason: str
) -> None:
    found = attempt(case)
    assert found["error"] == "PluginFailedError"
    assert found["message"] == f"The process of the plugin hostile-plugin was lost: it {reason}."


@pytest.mark.fault
def test_c40_flood_of_questions_ends_in_an_error(attempt: Attempts) -> None:
    assert attempt("flood_questions")["error"] in {"BudgetExceededError", "PluginFailedError"}


@pytest.mark.fault
def test_c40_disk_is_not_filled(attempt: Attempts, level: str) -> None:
    written = attempt("fill_disk")["content"]
    if level == "landlock":
        assert written == {}
    else:
        assert list(written) == [SCRATCH]
        assert written[SCRATCH] <= SCRATCH_BYTES

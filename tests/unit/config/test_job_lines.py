"""Lines that belong to a job reach its store in order, bounded, without secrets; others do not."""

import queue
import threading
import uuid

import pytest

from altiplano.config.job_lines import MOST_WAITING, JobLines, words_of

JOB = uuid.uuid4()


class Kept:
    def __init__(self) -> None:
        self.groups: queue.Queue = queue.Queue()

    def __call__(self, lines) -> None:
        self.groups.put(list(lines))

    def next(self):
        return self.groups.get(timeout=10)


def event(text: str = "document.failed", **more):
    return {"event": text, "level": "warning", "job": str(JOB), "attempt": 2, **more}


def test_line_of_a_job_is_stored_with_its_attempt_and_passed_on():
    kept = Kept()
    line = event(pages=3)
    assert JobLines(kept)(None, "warning", line) is line
    (stored,) = kept.next()
    assert (stored.job_id, stored.attempt, stored.level) == (JOB, 2, "warning")
    assert stored.text == "document.failed pages=3"


def test_lines_keep_their_order_and_come_together():
    kept = Kept()
    lines = JobLines(kept)
    for number in range(20):
        lines(None, "info", event(f"step {number}", level="info"))
    stored = []
    while len(stored) < 20:
        stored += kept.next()
    assert [line.text for line in stored] == [f"step {number}" for number in range(20)]


@pytest.mark.parametrize(
    "line",
    [
        {"event": "no job", "level": "error"},
        {"event": "no id", "level": "error", "job": "the first one"},
        {"event": "too fine", "level": "debug", "job": str(JOB)},
    ],
)
def test_other_lines_start_no_thread(line):
    lines = JobLines(Kept())
    assert lines(None, line["level"], line) is line
    assert lines._thread is None


def test_secrets_are_hidden_and_long_lines_cut(settings):
    settings.ENGINE_KEY = "sk-a-secret-of-the-installation"
    kept = Kept()
    text = "Bearer abcdefgh12345678 sk-a-secret-of-the-installation " + "x" * 9000
    JobLines(kept)(None, "error", event(text))
    (stored,) = kept.next()
    assert "abcdefgh" not in stored.text
    assert "sk-a-secret" not in stored.text
    assert len(stored.text) == 2000


def test_exception_is_told_by_its_end():
    text = words_of(event(exception="frame\n" * 2000 + "ValueError: too short"))
    assert text.endswith("ValueError: too short")
    assert len(text) < 1600


def test_store_that_fails_or_hangs_holds_nobody_up():
    hanging, told = threading.Event(), threading.Event()

    def hang(_lines) -> None:
        told.set()
        assert hanging.wait(30)
        raise RuntimeError

    lines = JobLines(hang)
    lines(None, "info", event())
    assert told.wait(10)
    for _ in range(MOST_WAITING + 10):
        lines(None, "info", event())
    assert lines._waiting.qsize() == MOST_WAITING
    hanging.set()


def test_thread_of_another_process_is_replaced():
    """What a fork leaves behind is a thread object without a thread."""
    kept = Kept()
    lines = JobLines(kept)
    lines._thread = threading.Thread(target=lambda: None)
    lines(None, "info", event())
    assert kept.next()

"""The reading process: real children, real limits, real kills."""

import os
import select
import signal
import subprocess
import sys
from pathlib import Path

import pytest

import altiplano_sdk as sdk
from altiplano_worker.runtime.parsing import (
    CHILD_COMMAND,
    ParseCancelledError,
    ParseLimits,
    ParserProcess,
)
from tests.fakes import documents, parse_child_with_traps

TRAPS = (sys.executable, "-I", "-B", parse_child_with_traps.__file__)
MB = 1024 * 1024
GENEROUS = ParseLimits(seconds=60, memory_bytes=1024 * MB, text_chars=1_000_000)

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="limits are the kernel's")


@pytest.fixture(scope="module")
def process():
    """One reading process for all tests of the module: each must leave it usable."""
    with ParserProcess(command=TRAPS, poll_seconds=0.02) as running:
        yield running


@pytest.fixture
def source(tmp_path):
    """A stored text file, presented as whatever type a test needs."""
    path = tmp_path / "stored"
    path.write_text("The garden opens at nine and closes at dusk, every day of the year.")

    def at(media_type: str = "text/plain", path: Path = path) -> sdk.SourceFile:
        return sdk.SourceFile("garden.txt", media_type, path, path.stat().st_size)

    return at


@pytest.fixture
def reads_on(process, source):
    """After the test, the same process object reads the next file as if nothing had happened."""
    yield
    outcome = process.parse(source(), limits=GENEROUS)
    assert outcome.document.text.startswith("The garden opens")
    assert outcome.document.language == "en"


def has_ended(pid: int) -> bool:
    """Waits for the end of a process that is nobody's child here."""
    try:
        handle = os.pidfd_open(pid)
    except ProcessLookupError:
        return True
    try:
        return bool(select.select([handle], [], [], 10)[0])
    finally:
        os.close(handle)


def test_document_comes_back_with_language_and_spans(process, source):
    outcome = process.parse(source(), limits=GENEROUS)
    document = outcome.document
    assert document.language == "en"
    assert document.pages == (sdk.PageSpan(1, 0, len(document.text)),)
    assert outcome.spans == (sdk.Span(0, len(document.text)),)


def test_installed_child_reads_every_kind_of_file(tmp_path):
    with ParserProcess(command=CHILD_COMMAND) as process:
        for media_type, write in {
            "application/pdf": lambda path: documents.write_pdf(path, [["A sentence."]]),
            "application/vnd.openxmlformats-officedocument.wordprocessingml.document": (
                lambda path: documents.write_docx(path, ["A sentence."])
            ),
            "text/html": lambda path: documents.write_html(path, ["A sentence."]),
            "text/markdown": lambda path: documents.write_text(path, ["A sentence."]),
            "text/plain": lambda path: documents.write_text(path, ["A sentence."]),
            "text/csv": lambda path: documents.write_csv(path, [["A sentence."]]),
        }.items():
            path = tmp_path / "stored"
            write(path)
            file = sdk.SourceFile("upload", media_type, path, path.stat().st_size)
            assert process.parse(file, limits=GENEROUS).document.text == "A sentence."


def test_child_is_warm_from_file_to_file(process, source):
    process.parse(source(), limits=GENEROUS)
    pid = process.pid
    process.parse(source(), limits=GENEROUS)
    assert process.pid == pid


def test_worn_child_is_replaced(source):
    with ParserProcess(command=(*TRAPS, "2")) as process:
        process.parse(source(), limits=GENEROUS)
        first = process.pid
        process.parse(source(), limits=GENEROUS)
        assert process.pid is None
        assert has_ended(first)
        assert process.parse(source(), limits=GENEROUS).document.language == "en"


def test_splitter_and_parser_take_their_configuration(process, source, tmp_path):
    path = tmp_path / "page"
    path.write_text("<nav>Menu</nav>" + "<p>One sentence of six words only.</p>" * 20)
    outcome = process.parse(
        source("text/html", path),
        limits=GENEROUS,
        parser_config={"keep_navigation": True},
        splitter=("sentence", {"target_words": 12, "overlap_words": 0}),
    )
    assert outcome.document.text.startswith("Menu")
    assert len(outcome.spans) > 5


@pytest.mark.parametrize(
    ("splitter", "parser_config"),
    [(("no-such", {}), {}), (("sentence", {"no_such": 1}), {}), (("sentence", {}), {"no_such": 1})],
)
@pytest.mark.usefixtures("reads_on")
def test_wrong_configuration_is_a_permanent_error(process, source, splitter, parser_config):
    with pytest.raises(sdk.PermanentError, match=r"no.such"):
        process.parse(source(), limits=GENEROUS, splitter=splitter, parser_config=parser_config)


@pytest.mark.usefixtures("reads_on")
def test_unknown_type_is_refused(process, source):
    with pytest.raises(sdk.UnreadableDocumentError, match="image/png"):
        process.parse(source("image/png"), limits=GENEROUS)


@pytest.mark.usefixtures("reads_on")
def test_refusal_keeps_its_sentence_and_the_child(process, source, tmp_path):
    process.start()
    pid = process.pid
    path = tmp_path / "empty"
    path.touch()
    with pytest.raises(sdk.UnreadableDocumentError, match=r"^The file is empty\.$") as refusal:
        process.parse(source("application/pdf", path), limits=GENEROUS)
    assert refusal.value.code == "unreadable"
    assert process.pid == pid


@pytest.mark.parametrize("trap", ["loop", "wait"])
@pytest.mark.usefixtures("reads_on")
def test_endless_parser_is_killed_at_its_limit(process, source, trap):
    limits = ParseLimits(seconds=0.3, memory_bytes=512 * MB, text_chars=1000)
    process.start()
    pid = process.pid
    with pytest.raises(sdk.BudgetExceededError, match=r"longer than 0\.3 seconds") as refusal:
        process.parse(source(f"trap/{trap}"), limits=limits)
    assert refusal.value.code == "parse_time"
    assert has_ended(pid)


@pytest.mark.usefixtures("reads_on")
def test_memory_hog_is_stopped_at_its_limit(process, source):
    limits = ParseLimits(seconds=60, memory_bytes=200 * MB, text_chars=1000)
    with pytest.raises(sdk.BudgetExceededError, match="more than 200 MB of memory") as refusal:
        process.parse(source("trap/hog"), limits=limits)
    assert refusal.value.code == "parse_memory"


@pytest.mark.usefixtures("reads_on")
def test_text_beyond_the_limit_is_refused(process, source):
    limits = ParseLimits(seconds=60, memory_bytes=1024 * MB, text_chars=10_000)
    with pytest.raises(sdk.BudgetExceededError, match="more than 10,000 characters") as refusal:
        process.parse(source("trap/flood"), limits=limits)
    assert refusal.value.code == "parse_text"


GIGABYTE = """
import struct, sys
from altiplano_worker.runtime.parse_frames import write_frame
out = sys.stdout.buffer
write_frame(out, {"ready": True})
sys.stdin.buffer.read(8)
out.write(struct.pack("!Q", 1 << 30))
while True:
    out.write(b" " * 65536)
"""


def test_gigabyte_of_output_is_cut_by_the_worker(source):
    """A child that has been taken over does not keep to its own limits."""
    with ParserProcess(command=(sys.executable, "-I", "-c", GIGABYTE)) as process:
        with pytest.raises(sdk.BudgetExceededError, match="characters of text"):
            process.parse(source(), limits=GENEROUS)
        assert process.pid is None


@pytest.mark.parametrize("trap", ["crash", "leave"])
@pytest.mark.usefixtures("reads_on")
def test_crash_is_a_sentence(process, source, trap):
    with pytest.raises(sdk.UnreadableDocumentError, match="stop unexpectedly") as refusal:
        process.parse(source(f"trap/{trap}"), limits=GENEROUS)
    assert refusal.value.code == "reader_crashed"


@pytest.mark.parametrize("trap", ["stumble", "overflow", "half_characters"])
@pytest.mark.usefixtures("reads_on")
def test_unexpected_error_is_a_sentence_without_details(process, source, trap):
    process.start()
    pid = process.pid
    with pytest.raises(sdk.UnreadableDocumentError, match="could not be read") as refusal:
        process.parse(source(f"trap/{trap}"), limits=GENEROUS)
    assert str(source().path) not in refusal.value.message
    assert process.pid == pid


@pytest.mark.usefixtures("reads_on")
def test_offsets_that_lie_outside_of_the_text_are_refused(process, source):
    with pytest.raises(sdk.UnreadableDocumentError, match="unexpectedly"):
        process.parse(source("trap/lie"), limits=GENEROUS)


@pytest.mark.usefixtures("reads_on")
def test_path_is_taken_out_of_messages(process, source):
    with pytest.raises(sdk.UnreadableDocumentError, match=r"^Cannot read the file\.$"):
        process.parse(source("trap/tell_path"), limits=GENEROUS)


@pytest.mark.usefixtures("reads_on")
def test_retryable_error_stays_retryable(process, source):
    with pytest.raises(sdk.RetryableError, match="Try again later") as refusal:
        process.parse(source("trap/retry"), limits=GENEROUS)
    assert refusal.value.code == "busy"


@pytest.mark.usefixtures("reads_on")
def test_printing_does_not_disturb_the_answer(process, source):
    assert process.parse(source("trap/chatter"), limits=GENEROUS).document.text == (
        "read 0 characters"
    )


def test_child_sees_nothing_of_the_worker(source, monkeypatch):
    monkeypatch.setenv("ALTIPLANO_SECRET_KEY", "canary")
    with ParserProcess(command=TRAPS) as process:
        text = process.parse(source("trap/show_surroundings"), limits=GENEROUS).document.text
    assert "ALTIPLANO" not in text
    assert "HOME" not in text
    assert " / nice 1" in text


@pytest.mark.usefixtures("reads_on")
def test_child_cannot_write_files(process, source):
    text = process.parse(source("trap/write_file"), limits=GENEROUS).document.text
    assert text == "could not write: File too large"


@pytest.mark.usefixtures("reads_on")
def test_child_killed_from_outside_is_worth_another_try(process, source):
    process.start()

    def kill() -> bool:
        os.kill(process.pid, signal.SIGKILL)
        return False

    with pytest.raises(sdk.RetryableError, match="was stopped while it read"):
        process.parse(source("trap/wait"), limits=GENEROUS, is_cancelled=kill)


def test_child_killed_while_idle_is_replaced(process, source):
    process.start()
    pid = process.pid
    os.kill(pid, signal.SIGKILL)
    os.waitid(os.P_PID, pid, os.WEXITED | os.WNOWAIT)
    assert process.parse(source(), limits=GENEROUS).document.language == "en"
    assert process.pid != pid


@pytest.mark.usefixtures("reads_on")
def test_cancelled_document_is_dropped_with_its_child(process, source):
    process.start()
    pid = process.pid
    with pytest.raises(ParseCancelledError):
        process.parse(source("trap/loop"), limits=GENEROUS, is_cancelled=lambda: True)
    assert has_ended(pid)


@pytest.mark.usefixtures("reads_on")
def test_error_while_asking_for_cancellation_leaves_no_stale_answer(process, source):
    def fail() -> bool:
        raise ConnectionError("broker gone")

    with pytest.raises(ConnectionError):
        process.parse(source("trap/wait"), limits=GENEROUS, is_cancelled=fail)


@pytest.mark.usefixtures("reads_on")
def test_what_the_parser_started_dies_with_it(process, source, tmp_path):
    def has_started() -> bool:
        return any(tmp_path.glob("grandchild-*"))

    with pytest.raises(ParseCancelledError):
        process.parse(source("trap/fork_and_wait"), limits=GENEROUS, is_cancelled=has_started)
    (marker,) = tmp_path.glob("grandchild-*")
    assert has_ended(int(marker.name.removeprefix("grandchild-")))


def test_close_ends_the_child_and_may_be_called_twice(source):
    process = ParserProcess(command=TRAPS)
    process.start()
    pid = process.pid
    process.close()
    process.close()
    assert has_ended(pid)
    assert process.pid is None


WORKER = """
import signal, sys
from pathlib import Path
import altiplano_sdk as sdk
from altiplano_worker.runtime.parsing import ParseLimits, ParserProcess
process = ParserProcess(command=sys.argv[1:-1])
process.start()
print(process.pid, flush=True)
limits = ParseLimits(seconds=600, memory_bytes=1 << 30, text_chars=1000)
process.parse(sdk.SourceFile("x", "trap/loop", Path(sys.argv[-1]), 1), limits=limits)
"""


def test_child_dies_with_its_worker_even_in_an_endless_loop(tmp_path):
    command = (sys.executable, "-I", "-c", WORKER, *TRAPS, str(tmp_path / "stored"))
    with subprocess.Popen(command, stdout=subprocess.PIPE) as worker:
        pid = int(worker.stdout.readline())
        worker.kill()
    assert has_ended(pid)


@pytest.mark.parametrize(
    "command", [("/no/such/program",), (sys.executable, "-c", "raise SystemExit(1)")]
)
def test_child_that_does_not_start_is_worth_another_try(source, command):
    with (
        ParserProcess(command=command) as process,
        pytest.raises(sdk.RetryableError, match="could not be started"),
    ):
        process.parse(source(), limits=GENEROUS)

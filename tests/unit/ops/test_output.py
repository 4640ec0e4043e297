import io

from hypothesis import given
from hypothesis import strategies as st

from altiplano.ops.supervisor.output import LONGEST_LINE, PartLog, Terminal


def said(raw, tmp_path):
    stream = io.StringIO()
    log = PartLog("web", tmp_path, Terminal(stream))
    log.write(raw)
    log.close()
    return stream.getvalue()


def test_line_of_a_part_stands_behind_its_name(tmp_path):
    assert said(b"hello\n", tmp_path) == "web     | hello\n"


def test_line_of_a_part_is_kept_in_its_file(tmp_path):
    said("grüße\n".encode(), tmp_path)

    assert (tmp_path / "web.log").read_text(encoding="utf-8").endswith(" grüße\n")


def test_line_that_helps_nobody_is_kept_but_not_shown(tmp_path):
    stream = io.StringIO()
    log = PartLog("broker", tmp_path, Terminal(stream), unshown=("overcommit",))
    log.write(b"WARNING overcommit\n")
    log.close()

    assert stream.getvalue() == ""
    assert "overcommit" in log.path.read_text()


def test_empty_lines_are_left_out(tmp_path):
    assert said(b"   \n", tmp_path) == ""


def test_terminal_commands_of_a_part_do_not_reach_the_terminal(tmp_path):
    assert said(b"\x1b[31mred\x1b[0m \x1b]0;title\x07x\x08y\r\n", tmp_path) == "web     | red xy\n"


@given(raw=st.binary(max_size=300))
def test_whatever_a_part_says_becomes_one_clean_line_at_most(raw, tmp_path_factory):
    shown = said(raw.replace(b"\n", b" ") + b"\n", tmp_path_factory.mktemp("logs"))

    assert "\x1b" not in shown
    assert shown.count("\n") <= 1


def test_endless_line_is_cut(tmp_path):
    assert len(said(b"x" * 50_000, tmp_path)) < LONGEST_LINE + 20


def test_reader_that_went_away_stops_nobody():
    class Gone(io.StringIO):
        def write(self, _):
            raise BrokenPipeError

    terminal = Terminal(Gone())
    terminal.say("into the void")

    terminal.say("again")


def test_file_of_a_part_does_not_grow_without_end(tmp_path, monkeypatch):
    monkeypatch.setattr("altiplano.ops.supervisor.output.FILE_BYTES", 2000)
    log = PartLog("web", tmp_path, Terminal(io.StringIO()))
    for _ in range(400):
        log.write(b"a line of about forty characters, say\n")
    log.close()

    sizes = [path.stat().st_size for path in tmp_path.iterdir()]
    assert len(sizes) == 4
    assert max(sizes) <= 2000

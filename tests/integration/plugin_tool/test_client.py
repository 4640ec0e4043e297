"""What the author's tool says to a platform, and what it makes of the answers."""

import socket
import threading
from pathlib import Path

import pytest

from altiplano_sdk.cli.client import Platform, PlatformError, StreamEvent
from altiplano_sdk.cli.screen import Screen
from altiplano_sdk.cli.trying import DevSession, told
from tests.integration.plugin_tool.fake_platform import APP, KEY, fake_platform
from tests.unit.sdk.packaging.samples import CODE, make_archive, write_folder


@pytest.fixture
def platform():
    with fake_platform() as running:
        yield running


@pytest.fixture
def file(tmp_path):
    path = tmp_path / "glossary-guard-1.1.0.altiplano"
    path.write_bytes(make_archive())
    return path


def test_draft_arrives_whole(platform, file):
    answer = Platform(platform.address, KEY).put_draft("glossary-guard", file, app=APP)
    assert answer["state"] == "draft"
    ((method, path, digest),) = platform.received
    assert (method, path) == ("PUT", f"/api/v1/plugins/drafts/glossary-guard?app={APP}")
    assert digest == answer["digest"]


def test_release_arrives_whole(platform, file):
    answer = Platform(platform.address, KEY).post_release(file)
    assert answer["state"] == "checking"
    assert [method for method, *_ in platform.received] == ["POST"]


def test_refusal_brings_its_findings(platform, tmp_path):
    path = tmp_path / "bad.altiplano"
    path.write_bytes(make_archive({"setup.py": ""}))
    with pytest.raises(PlatformError, match="This is no package") as caught:
        Platform(platform.address, KEY).post_release(path)
    assert [finding.rule for finding in caught.value.findings] == ["ALT402"]


def test_wrong_key_is_told_and_nothing_arrives(platform, file):
    with pytest.raises(PlatformError, match="key is not right"):
        Platform(platform.address, "another").post_release(file)
    assert platform.received == []


def test_platform_that_is_not_there_is_told(file):
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        address = f"http://127.0.0.1:{taken.getsockname()[1]}"
        with pytest.raises(PlatformError, match="cannot be reached"):
            Platform(address, KEY).post_release(file)


@pytest.mark.parametrize(
    "address", ["ftp://a.example", "a.example", "http://a.example", "http://", "https://"]
)
def test_key_goes_to_safe_addresses_only(address):
    with pytest.raises(PlatformError):
        Platform(address, KEY)


def test_stream_is_followed_from_where_it_was_left(platform):
    platform.events += [("log", {"event": "one"}), ("run", {"state": "finished"})]
    client = Platform(platform.address, KEY)
    first = list(client.follow_draft("glossary-guard"))
    assert [event.event for event in first] == ["log", "run"]
    rest = list(client.follow_draft("glossary-guard", since=first[0].id))
    assert [event.data for event in rest] == [{"state": "finished"}]
    assert platform.asked_since == ["", "1"]


@pytest.mark.parametrize(
    ("event", "data", "line"),
    [
        (
            "log",
            {
                "at": "2026-11-23T10:11:12Z",
                "level": "info",
                "event": "seen",
                "fields": {"plugin": "glossary-guard", "fields": {"n": 3, "none": ""}},
            },
            "10:11:12 info    seen  plugin=glossary-guard  n=3",
        ),
        (
            "stage",
            {
                "at": "2026-11-23T10:11:12Z",
                "kind": "guard",
                "plugin": "glossary-guard",
                "ms": 1.25,
                "detail": {"action": "replace", "reason": "", "scores": {"hard": 0.98765}},
            },
            "10:11:12 stage   glossary-guard  1.2 ms  action=replace  hard=0.988",
        ),
        (
            "run",
            {"at": "2026-11-23T10:11:12Z", "state": "failed", "message": "No words."},
            "10:11:12 run     failed No words.",
        ),
    ],
)
def test_events_are_told_in_one_line(event, data, line, platform):
    platform.events.append((event, data))
    (received,) = Platform(platform.address, KEY).follow_draft("glossary-guard")
    assert told(received) == line


def test_saved_folder_is_sent_again_when_it_is_sound(platform, tmp_path, capsys):
    folder = write_folder(tmp_path / "glossary-guard")
    session = DevSession(folder, Platform(platform.address, KEY), APP, Screen())
    assert session.send()
    assert not session.changed()

    entry = folder / "glossary_guard" / "__init__.py"
    entry.write_text(CODE.replace("async def check", "def check"))
    assert session.changed()
    assert not session.send()
    assert not session.changed(), "what was refused is not tried again until it is saved again"
    assert len(platform.received) == 1
    assert "ALT203" in capsys.readouterr().out

    entry.write_text(f"{CODE}\n# better\n")
    assert session.changed()
    assert session.send()
    digests = [digest for *_, digest in platform.received]
    assert len(set(digests)) == 2


class TalkativePlatform(Platform):
    """Has always something to tell, until it was sent the folder a second time."""

    def __init__(self, folder: Path) -> None:
        super().__init__("https://a.example", KEY)
        self.folder = folder
        self.sent = 0
        self.is_over = threading.Event()

    def put_draft(self, package, file, *, app):
        self.sent += 1
        if self.sent == 2:
            self.is_over.set()
            raise KeyboardInterrupt
        return {"app": app}

    def follow_draft(self, package, *, since=""):
        entry = self.folder / "glossary_guard" / "__init__.py"
        entry.write_text(f"{CODE}\n# saved\n")
        while not self.is_over.wait(0.02):
            yield StreamEvent("log", {"event": "busy"}, "1")


def test_saved_folder_is_sent_also_while_there_is_always_something_to_tell(tmp_path, capsys):
    folder = write_folder(tmp_path / "glossary-guard")
    platform = TalkativePlatform(folder)
    session = DevSession(folder, platform, APP, Screen())
    assert session.send()
    with pytest.raises(KeyboardInterrupt):
        session.follow()
    assert platform.sent == 2
    assert "busy" in capsys.readouterr().out


def test_file_that_vanishes_while_it_is_read_is_told(tmp_path, monkeypatch, capsys):
    folder = write_folder(tmp_path / "glossary-guard")
    session = DevSession(folder, TalkativePlatform(folder), APP, Screen())

    def vanish(*_args, **_kwargs):
        raise FileNotFoundError(2, "No such file or directory", "glossary_guard/terms.py")

    monkeypatch.setattr("altiplano_sdk.cli.trying.pack_folder", vanish)
    assert not session.send()
    assert "terms.py cannot be read" in capsys.readouterr().out

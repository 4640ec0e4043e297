"""The page of everybody's mails exists for whoever sits at the machine, and is impossible elsewhere."""

import os
from datetime import UTC, datetime
from email.message import EmailMessage

import pytest
from django.core.mail.backends.filebased import EmailBackend
from django.core.mail.message import EmailMessage as Mail
from django.test import RequestFactory
from hypothesis import given
from hypothesis import strategies as st

from altiplano.accounts import mailbox

FILES = "django.core.mail.backends.filebased.EmailBackend"
LOCAL = {"HTTP_HOST": "127.0.0.1:8000", "REMOTE_ADDR": "127.0.0.1"}


@pytest.fixture
def embedded(settings):
    """As `altiplano up` starts it."""
    settings.MAIL_PAGE = True
    settings.EMAIL_BACKEND = FILES
    settings.PUBLIC_URL = "http://127.0.0.1:8000"
    settings.ALLOWED_HOSTS = ["127.0.0.1", "localhost", "[::1]"]
    return settings


def may_open(**meta: str) -> bool:
    return mailbox.is_open_to(RequestFactory().get("/mail/", **(LOCAL | meta)))


@pytest.mark.parametrize("host", ["127.0.0.1:8000", "localhost:8000", "localhost", "[::1]:8000"])
@pytest.mark.parametrize("peer", ["127.0.0.1", "::1", "127.9.9.9"])
def test_page_is_open_on_the_machine_itself(embedded, host, peer):
    assert may_open(HTTP_HOST=host, REMOTE_ADDR=peer)


@pytest.mark.parametrize(
    "peer", ["192.168.1.7", "10.0.0.1", "8.8.8.8", "fe80::1", "", "localhost.evil"]
)
def test_page_is_closed_to_other_machines(embedded, peer):
    assert not may_open(REMOTE_ADDR=peer)


@pytest.mark.parametrize("header", mailbox.FORWARDING_HEADERS)
@pytest.mark.parametrize("value", ["127.0.0.1", "localhost", ""])
def test_page_is_closed_to_whatever_a_proxy_passed_on(embedded, header, value):
    assert not may_open(**{header: value})


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("MAIL_PAGE", False),
        ("EMAIL_BACKEND", "django.core.mail.backends.smtp.EmailBackend"),
        ("PUBLIC_URL", "https://answers.school.example"),
        ("PUBLIC_URL", "http://192.168.1.7:8000"),
        ("PUBLIC_URL", "nonsense"),
        ("ALLOWED_HOSTS", ["127.0.0.1", "answers.school.example"]),
        ("ALLOWED_HOSTS", ["*"]),
        ("ALLOWED_HOSTS", [".localhost"]),
    ],
)
def test_page_is_closed_where_others_could_use_the_platform(embedded, name, value):
    setattr(embedded, name, value)
    assert not may_open()


@pytest.mark.parametrize(
    "host", ["", "localhost.evil.example", "127.0.0.1.evil.example", "0.0.0.0", "::", "2130706433"]
)
def test_only_this_machine_is_loopback(host):
    assert not mailbox.is_loopback(host)


def send(directory, *mails: Mail) -> None:
    backend = EmailBackend(file_path=str(directory))
    backend.open()
    for mail in mails:
        backend.write_message(mail)
    backend.close()


def test_mails_are_read_as_they_were_written(tmp_path):
    text = "Bonjour,\n\nOuvrez http://127.0.0.1:8000/join/abc/ pour accepter : é ü 🌱\n" + "x" * 300
    send(tmp_path, Mail("Invitation à Évreux", text, "a@example.org", ["dora@example.org"]))
    (mail,) = mailbox.newest_mails(tmp_path)
    assert (mail.to, mail.subject) == ("dora@example.org", "Invitation à Évreux")
    assert mail.text == text
    assert abs((datetime.now(UTC) - mail.sent_at).total_seconds()) < 60


def test_several_mails_of_one_connection_are_told_apart(tmp_path):
    mails = [Mail(f"Mail {n}", "-" * 40, "a@example.org", ["b@example.org"]) for n in range(3)]
    send(tmp_path, *mails)
    assert {mail.subject for mail in mailbox.newest_mails(tmp_path)} == {
        "Mail 0",
        "Mail 1",
        "Mail 2",
    }


def test_newest_come_first_and_only_so_many(tmp_path):
    for day in (1, 3, 2):
        message = EmailMessage()
        message["Subject"], message["Date"] = f"Day {day}", f"0{day} Nov 2026 10:00:00 +0000"
        message.set_content("text")
        (tmp_path / f"2026110{day}-100000-1.log").write_bytes(
            message.as_bytes() + b"\n" + b"-" * 79 + b"\n"
        )
    subjects = [mail.subject for mail in mailbox.newest_mails(tmp_path)]
    assert subjects == ["Day 3", "Day 2", "Day 1"]
    assert [mail.subject for mail in mailbox.newest_mails(tmp_path, limit=1)] == ["Day 3"]


def test_mails_of_one_second_come_in_the_order_they_were_written(tmp_path):
    for written, (number, subject) in enumerate(((9, "First"), (1, "Second"), (5, "Third"))):
        message = EmailMessage()
        message["Subject"], message["Date"] = subject, "01 Nov 2026 10:00:00 +0000"
        message.set_content("text")
        path = tmp_path / f"20261101-100000-{number}.log"
        path.write_bytes(message.as_bytes() + b"\n" + b"-" * 79 + b"\n")
        os.utime(path, ns=(written, written))
    subjects = [mail.subject for mail in mailbox.newest_mails(tmp_path)]
    assert subjects == ["Third", "Second", "First"]


def test_folder_that_is_not_there_holds_no_mails(tmp_path):
    assert mailbox.newest_mails(tmp_path / "mail") == []


@given(content=st.binary(max_size=400))
def test_any_file_can_be_read(tmp_path_factory, content):
    directory = tmp_path_factory.mktemp("mail")
    (directory / "x.log").write_bytes(content)
    for mail in mailbox.newest_mails(directory):
        assert mail.sent_at.tzinfo is not None

"""Telling the broker without waiting for it."""

import threading

from altiplano.config.celery import SoonPublisher

RUN = "altiplano.runs.execute_run"
PARSE = "altiplano.knowledge.parse_document"


class Broker:
    """Takes messages, or breaks; holds the first one back until it is let go."""

    def __init__(self, *, breaks: bool = False) -> None:
        self.breaks = breaks
        self.sent: list[tuple[str, str, str]] = []
        self.go = threading.Event()
        self.busy = threading.Event()
        self.idle = threading.Semaphore(0)

    def __call__(self, queue: str, task: str, job_id: str) -> None:
        self.busy.set()
        self.go.wait(10)
        if not self.breaks:
            self.sent.append((queue, task, job_id))
        self.idle.release()
        if self.breaks:
            raise ConnectionError


def test_messages_that_wake_a_worker_are_sent_once_for_all_that_wait():
    broker = Broker()
    publisher = SoonPublisher(broker)
    publisher.put("upkeep", "first", "0")
    broker.busy.wait(10)
    for number in range(50):
        publisher.put("runs", RUN, f"run{number}")
        publisher.put("ingest", PARSE, f"document{number}")
    broker.go.set()
    for _ in range(52):
        assert broker.idle.acquire(timeout=10)
    assert [job for _, task, job in broker.sent if task == RUN] == ["run49"]
    assert sum(task == PARSE for _, task, _ in broker.sent) == 50


def test_a_broken_broker_holds_nobody_up_and_is_left_alone_for_a_while():
    broker = Broker(breaks=True)
    broker.go.set()
    publisher = SoonPublisher(broker)
    publisher.put("runs", RUN, "a")
    assert broker.idle.acquire(timeout=10)
    broker.breaks = False
    for number in range(20):
        publisher.put("ingest", PARSE, str(number))
    assert not broker.idle.acquire(timeout=0.3), "the sweeper publishes these"
    assert broker.sent == []

"""Every page of the portal on a well filled organization: time, queries and bytes of each.

The pages are asked in the process, without a network and without a browser, so the time is the
platform's own. ``sent`` is what travels when the browser accepts gzip, without style and script.
"""

import argparse
import gzip
import os
import statistics
import tempfile
import time
from collections.abc import Mapping, Sequence
from typing import Any

from tests.bench.progress import report

GOAL_MS, GOAL_BYTES = 100.0, 100_000


def run(arguments: Sequence[str]) -> Mapping[str, Any]:
    """One row of figures for each page, and how many miss the goals."""
    options = _parse(arguments)
    with tempfile.TemporaryDirectory(prefix="altiplano-bench-") as home:
        os.environ |= {
            "ALTIPLANO_HOME": home,
            "ALTIPLANO_SECRET_KEY": "a-key-for-benchmarks-which-protects-nothing",
            "DJANGO_SETTINGS_MODULE": "tests.settings",
        }
        import django

        django.setup()
        return _measure(options)


def _parse(arguments: Sequence[str]) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m tests.bench pages")
    parser.add_argument("--runs", type=int, default=20_000, help="runs stored and counted")
    parser.add_argument(
        "--counted", type=int, default=1_000_000, help="runs that are counted besides"
    )
    parser.add_argument("--repeat", type=int, default=20, help="requests of each page")
    parser.add_argument("--only", default="", help="pages whose name holds this")
    return parser.parse_args(arguments)


def _measure(options: argparse.Namespace) -> Mapping[str, Any]:
    from django.conf import settings
    from django.core.management import call_command
    from django.test.utils import setup_test_environment

    from altiplano.accounts.models import Membership
    from altiplano.studio.models import App
    from tests.bench.filled import Sizes, count_many, fill

    setup_test_environment()
    call_command("migrate", verbosity=0)
    filled = fill(Sizes(runs=options.runs))
    settings.LANDING_APP = filled.places["public"]
    count_many(
        filled.organization.id,
        list(App.objects.within(filled.organization.id).values_list("id", flat=True)),
        list(Membership.objects.within(filled.organization.id).values_list("user_id", flat=True)),
        options.counted,
    )
    report("filled")
    rows = {}
    for page in _pages(options.only):
        try:
            address = page.address.format(**filled.places)
        except KeyError as missing:
            report(f"{page.name}: nothing to fill {missing} with")
            continue
        rows[page.name] = _time_page(page, address, filled.owner, options.repeat)
        report(f"{page.name}: {rows[page.name]}")
    return {
        "pages": rows,
        "too_slow": sum(row["p95_ms"] > GOAL_MS for row in rows.values()),
        "too_large": sum(row["sent"] > GOAL_BYTES for row in rows.values()),
        "failed": sum(row["status"] >= 500 for row in rows.values()),
    }


def _pages(only: str) -> list[Any]:
    from tests.e2e.pages import PAGES, PortalPage

    usual = PortalPage("usage-90-days", "/usage/?days=90")
    year = PortalPage("usage-year", "/usage/?from=2026-01-01&to=2026-12-31")
    return [page for page in (*PAGES, usual, year) if only in page.name]


def _time_page(page: Any, address: str, owner: Any, repeat: int) -> dict[str, float]:
    from django.db import connection
    from django.test import Client

    from tests.e2e.pages import Visitor

    client = Client(raise_request_exception=False)
    client.cookies["django_language"] = "fr"
    if page.visitor is Visitor.OWNER:
        client.force_login(owner)
    client.get(address)
    queries: list[str] = []

    def count(execute: Any, sql: str, *rest: Any) -> Any:
        queries.append(sql)
        return execute(sql, *rest)

    with connection.execute_wrapper(count):
        answer = client.get(address)
    body = b"" if answer.streaming else answer.content
    seconds = []
    for _ in range(repeat):
        begun = time.perf_counter()
        client.get(address)
        seconds.append(time.perf_counter() - begun)
    return {
        "status": answer.status_code,
        "p50_ms": round(statistics.median(seconds) * 1000, 1),
        "p95_ms": round(sorted(seconds)[int(len(seconds) * 0.95) - 1] * 1000, 1),
        "queries": len(queries),
        "bytes": len(body),
        "sent": len(gzip.compress(body, 6)),
    }

"""A plugin from outside in an app's answer, from its file to the refusal after its recall."""

import json

import pytest
import redis
from asgiref.sync import async_to_sync

from altiplano.accounts.models import AuditEvent, User
from altiplano.catalog.archives import archive_path
from altiplano.catalog.domain.drafts import replace_draft
from altiplano.catalog.domain.installing import (
    GrantWish,
    install_package,
    switch_installation,
)
from altiplano.catalog.domain.quarantine import try_plugin_again
from altiplano.catalog.domain.reviewing import publish_release, recall_release
from altiplano.catalog.domain.running import PluginUnavailableError
from altiplano.catalog.domain.storing import Store
from altiplano.catalog.domain.uploading import receive_release
from altiplano.catalog.draft_feed import feed_key
from altiplano.catalog.package_models import PackageRelease, PackageState
from altiplano.catalog.quarantine_models import Quarantine
from altiplano.kernel.database_threads import write_database
from altiplano.runs.domain.starting import start_run
from altiplano.runs.models import Run, RunState
from altiplano.studio.domain.draft_plugins import attach_draft
from altiplano.studio.domain.versions import publish_draft
from altiplano.studio.models import App
from altiplano.studio.pipeline_templates import CHAT
from altiplano.studio.pipelines import Stage, to_stored
from altiplano_worker.runtime.sandbox.levels import available_levels
from altiplano_worker.tasks.plugin_host import plugin_host
from altiplano_worker.tasks.run_answering import answer_question
from altiplano_worker.tasks.run_process import RunProcess
from tests.factories.archives import Author, write_archive
from tests.factories.runs import make_endpoint
from tests.factories.studio import AppFactory, report_all_plugins
from tests.factories.workers import answer_waiting_runs
from tests.fakes.engine import FakeEngine
from tests.fakes.engine_server import running_engine

pytestmark = [
    pytest.mark.django_db,
    pytest.mark.skipif(not available_levels(), reason="this machine has no sandbox"),
]

KEEPER = '''"""Counts in its store how often it was asked, and says so."""

import altiplano_sdk as sdk


class Guard:
    """Says how often it was asked."""

    points = (sdk.GuardPoint.ANSWER,)

    def __init__(self, config: object) -> None:
        self._config = config

    async def check(self, request: sdk.GuardRequest, ctx: sdk.Context) -> sdk.GuardVerdict:
        asked = int(await ctx.store.get("asked") or b"0") + 1
        await ctx.store.put("asked", str(asked).encode())
        secret = (ctx.secrets or {}).get("WORD", "none")
        ctx.log.info("asked", times=asked)
        return sdk.GuardVerdict("replace", message=f"asked {asked}, {secret}")
'''


@pytest.fixture(autouse=True)
def places(settings, tmp_path):
    settings.BLOB_ROOT = tmp_path / "blobs"
    settings.PLUGIN_ROOT = tmp_path / "plugins"
    report_all_plugins()


@pytest.fixture
def author(alice) -> Author:
    author = Author()
    author.known_to(alice.principal)
    return author


@pytest.fixture
def engine(valkey_url):
    with running_engine(FakeEngine(words=3)) as running:
        make_endpoint(running.base_url)
        yield running


@pytest.fixture
def operator(db) -> User:
    return User.objects.create_superuser("operator@example.org")


def offer(member, author, folder, operator, **package) -> PackageRelease:
    """Uploaded and published; the checks have tests of their own."""
    path = write_archive(folder, author=author, **package)
    release = receive_release(principal=member.principal, file=path)
    PackageRelease.unscoped.filter(id=release.id).update(state=PackageState.IN_REVIEW)
    return publish_release(actor=operator, release_id=release.id)


def app_with_guard(member, config=None) -> App:
    stages = (*CHAT.stages, Stage("guard", "glossary-guard", config or {}))
    return AppFactory(organization=member.organization, draft_pipeline=to_stored(stages))


def answer_of(member, app, version=None) -> Run:
    """The run, seen through by a worker."""
    run = start_run(principal=member.principal, app=app, question="Hello?", version=version)
    answer_waiting_runs()
    run.refresh_from_db()
    return run


def test_installed_plugin_answers_until_it_is_recalled(alice, author, operator, engine, tmp_path):
    release = offer(alice, author, tmp_path, operator)
    install_package(principal=alice.principal, slug="glossary-guard", wish=GrantWish())
    app = app_with_guard(alice, {"suffix": "(in short)"})
    app = publish_draft(principal=alice.principal, app_id=app.id)
    assert app.published_version.plugins[0]["digest"] == release.digest

    run = answer_of(alice, app)
    assert run.state == RunState.FINISHED, run.error_message
    assert run.answer.text.endswith("(in short)")

    recall_release(actor=operator, release_id=release.id, reason="It leaks.")
    with pytest.raises(PluginUnavailableError) as refused:
        answer_of(alice, app)
    assert refused.value.code == "plugin_recalled"
    assert str(refused.value) == "The plugin glossary-guard 1.0.0 was recalled: It leaks."


def test_recall_stops_what_is_warm(alice, author, operator, engine, tmp_path):
    release = offer(alice, author, tmp_path, operator)
    install_package(principal=alice.principal, slug="glossary-guard", wish=GrantWish())
    app = app_with_guard(alice)
    run = start_run(principal=alice.principal, app=app, question="Hello?", version="draft")

    @async_to_sync
    async def work() -> tuple[int, int]:
        process = RunProcess(answer=answer_question)
        try:
            await process.take_runs()
            warm = plugin_host.child_count
            await write_database(
                lambda: recall_release(actor=operator, release_id=release.id, reason="It leaks.")
            )
            await plugin_host.drop_recalled()
            return warm, plugin_host.child_count
        finally:
            await process.close()

    assert work() == (1, 0)
    run.refresh_from_db()
    assert run.state == RunState.FINISHED


def test_run_that_waited_through_a_recall_fails_with_the_sentence(
    alice, author, operator, engine, tmp_path
):
    release = offer(alice, author, tmp_path, operator)
    install_package(principal=alice.principal, slug="glossary-guard", wish=GrantWish())
    app = publish_draft(principal=alice.principal, app_id=app_with_guard(alice).id)
    waiting = start_run(principal=alice.principal, app=app, question="Hello?")
    recall_release(actor=operator, release_id=release.id, reason="It leaks.")

    answer_waiting_runs()
    waiting.refresh_from_db()
    assert waiting.state == RunState.FAILED
    assert waiting.error_code == "plugin_recalled"
    assert "glossary-guard 1.0.0 was recalled" in waiting.error_message


def test_switched_off_plugin_is_named_in_the_refusal(alice, author, operator, engine, tmp_path):
    offer(alice, author, tmp_path, operator)
    install_package(principal=alice.principal, slug="glossary-guard", wish=GrantWish())
    app = app_with_guard(alice)
    switch_installation(principal=alice.principal, slug="glossary-guard", is_enabled=False)
    with pytest.raises(PluginUnavailableError, match=r"glossary-guard 1.0.0 is switched off"):
        answer_of(alice, app, version="draft")


def test_store_and_secrets_are_the_organizations_own(
    alice, charlie, author, operator, engine, tmp_path
):
    schema = {"type": "object", "properties": {}}
    offer(
        alice, author, tmp_path, operator, code=KEEPER, schema=schema,
        grants={"storage_bytes": 1000, "secrets": ["WORD"]},
    )  # fmt: skip
    for member, word in ((alice, "ours"), (charlie, "theirs")):
        wish = GrantWish(storage=True, secrets={"WORD": word})
        install_package(principal=member.principal, slug="glossary-guard", wish=wish)
    here, there = app_with_guard(alice), app_with_guard(charlie)
    texts = [
        answer_of(member, app, version="draft").answer.text
        for member, app in ((alice, here), (alice, here), (charlie, there))
    ]
    assert texts == ["asked 1, ours", "asked 2, ours", "asked 1, theirs"]
    package_id = PackageRelease.unscoped.get().package_id
    assert Store(alice.organization.id, package_id, 1000).get("asked") == b"2"


def test_draft_runs_in_the_app_it_was_attached_to_and_tells_its_author(
    alice, engine, valkey_url, tmp_path
):
    app = app_with_guard(alice)
    path = write_archive(
        tmp_path, code=KEEPER, schema={"type": "object", "properties": {}},
        grants={"storage_bytes": 1000, "secrets": ["WORD"], "network_hosts": ["example.org"]},
    )  # fmt: skip
    draft = replace_draft(principal=alice.principal, slug="glossary-guard", file=path)
    attach_draft(principal=alice.principal, app_id=app.id, slug="glossary-guard")
    run = answer_of(alice, app, version="draft")
    assert run.state == RunState.FINISHED, run.error_message
    assert run.answer.text == "asked 1, none"
    client = redis.Redis.from_url(valkey_url)
    told = client.xrange(feed_key(draft.package_id))
    client.close()
    entries = [(fields[b"t"].decode(), json.loads(fields[b"d"])) for _, fields in told]
    kinds = [kind for kind, _ in entries]
    assert kinds[-1] == "run"
    logged = next(data for kind, data in entries if kind == "log")
    assert (logged["event"], logged["run"]) == ("asked", str(run.id))
    assert logged["fields"]["fields"] == {"times": "1"}
    assert "stage" in kinds
    assert entries[-1][1]["state"] == "finished"


def test_draft_stays_out_of_other_apps(alice, engine, tmp_path):
    replace_draft(principal=alice.principal, slug="glossary-guard", file=write_archive(tmp_path))
    run = answer_of(alice, app_with_guard(alice), version="draft")
    assert run.state == RunState.FAILED
    assert "glossary-guard" in run.error_message


def test_stored_file_that_was_changed_does_not_run(alice, author, operator, engine, tmp_path):
    release = offer(alice, author, tmp_path, operator)
    install_package(principal=alice.principal, slug="glossary-guard", wish=GrantWish())
    other = write_archive(tmp_path, code="class Guard: ...\n")
    archive_path(release.id).write_bytes(other.read_bytes())
    run = answer_of(alice, app_with_guard(alice), version="draft")
    assert run.error_code == "package_damaged"


CRASHES = 5
NERVOUS = '''"""Gives up its process unless its store says that all is well."""

import os

import altiplano_sdk as sdk


class Guard:
    """Stops, or says that it is well."""

    points = (sdk.GuardPoint.ANSWER,)

    def __init__(self, config: object) -> None:
        self._config = config

    async def check(self, request: sdk.GuardRequest, ctx: sdk.Context) -> sdk.GuardVerdict:
        if await ctx.store.get("well") is None:
            os._exit(3)
        return sdk.GuardVerdict("replace", message="well")
'''


def ask(process: RunProcess, member, app):
    """A coroutine that gives the id of a run that this worker has seen through."""

    async def asked():
        run = await write_database(
            lambda: start_run(principal=member.principal, app=app, question="?", version="draft")
        )
        await process.take_runs()
        return run.id

    return asked()


def test_plugin_that_stops_too_often_rests_for_every_worker_until_it_is_tried_again(
    alice, author, operator, engine, tmp_path
):
    release = offer(
        alice,
        author,
        tmp_path,
        operator,
        code=NERVOUS,
        schema={"type": "object", "properties": {}},
        grants={"storage_bytes": 10_000},
    )
    wish = GrantWish(storage=True)
    install_package(principal=alice.principal, slug="glossary-guard", wish=wish)
    app = app_with_guard(alice)
    store = Store(alice.organization.id, release.package_id, 10_000)

    @async_to_sync
    async def work():
        process = RunProcess(answer=answer_question)
        try:
            failed = [await ask(process, alice, app) for _ in range(CRASHES)]
            with pytest.raises(PluginUnavailableError) as refused:
                await ask(process, alice, app)
            await write_database(lambda: store.put("well", b"yes"))
            await write_database(
                lambda: try_plugin_again(principal=alice.principal, slug="glossary-guard")
            )
            return failed, refused.value, await ask(process, alice, app)
        finally:
            await process.close()

    failed, refused, healed = work()
    states = Run.unscoped.filter(id__in=failed).values_list("state", flat=True)
    assert list(states) == [RunState.FAILED] * CRASHES
    assert refused.code == "plugin_quarantined"
    assert str(refused) == (
        "The plugin glossary-guard stopped 5 times in a row and is left alone for some minutes. "
        "Tell its author."
    )
    run = Run.unscoped.get(id=healed)
    assert run.state == RunState.FINISHED, run.error_message
    assert run.answer.text == "well"
    told = AuditEvent.objects.filter(action__startswith="plugin.").order_by("id")
    assert [event.action for event in told][-2:] == ["plugin.quarantined", "plugin.tried_again"]


def test_another_worker_leaves_alone_what_one_found_to_stop(
    alice, charlie, author, operator, engine, tmp_path
):
    release = offer(alice, author, tmp_path, operator)
    for member in (alice, charlie):
        install_package(principal=member.principal, slug="glossary-guard", wish=GrantWish())
    Quarantine.unscoped.create(
        organization=alice.organization,
        package=release.package,
        digest=release.digest,
        version=release.version,
        crashes=CRASHES,
        because="stopped unexpectedly",
        until=release.uploaded_at.replace(year=release.uploaded_at.year + 1),
    )
    with pytest.raises(PluginUnavailableError, match="left alone"):
        answer_of(alice, app_with_guard(alice), version="draft")
    run = answer_of(charlie, app_with_guard(charlie), version="draft")
    assert run.state == RunState.FINISHED, "another organization's process did nothing wrong"

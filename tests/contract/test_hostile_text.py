"""C19, C20: whatever was stored, no page, part or file of the portal makes more of it than text.

The pages are those of the access matrix, so that a new one is looked at without being named here.
The dashboard's are walked in ``tests/integration/ops``.
"""

from collections.abc import Iterator
from xml.etree import ElementTree as ET

import pytest
from django.apps import apps
from django.db import DataError, IntegrityError, models, transaction
from django.http.response import HttpResponseBase
from django.test import Client

from altiplano.catalog.models import PluginRelease
from altiplano.knowledge.models import DocumentText, DocumentVersion
from altiplano.runs.interfaces.public_doors import Visit, new_frame_visit
from altiplano.runs.models import Answer, Citation, Conversation, Feedback, Report, Run, RunState
from altiplano.studio.models import App, AppSharing, AppVersion
from altiplano.studio.public_apps import find_public_app
from tests.contract.access_matrix import MATRIX, Door
from tests.contract.routes import path_of
from tests.contract.world import AREAS, World
from tests.factories.hostile import FORMS, TEMPLATE_RESULT, live_parts, without_honest_links

pytestmark = pytest.mark.django_db

SHORT = 200
NOT_WORDS = {"password", "media_type", "digest", "base_url", "embedding_model", "zone"}
LEAST_COLUMNS = 20
DOORS = (Door.PAGE, Door.API, Door.VISITOR)
ATOM = "{http://www.w3.org/2005/Atom}"
WORDLESS = (".svg", ".png", ".js", "healthz", "readyz", "metrics", "openapi.json")
"""How routes end that show nothing anybody wrote."""
INERT_TYPES = (
    "application/json",
    "text/csv",
    "image/png",
    "image/svg+xml",
    "text/plain",
    "text/event-stream",
)


def texts() -> list[str]:
    """All forms, as many in one text as a name may hold."""
    packed = [""]
    for form in FORMS:
        longer = f"{packed[-1]} {form.text}".strip()
        if len(longer) <= SHORT:
            packed[-1] = longer
        else:
            packed.append(form.text)
    return packed


def holds_words(field: models.Field, text: str) -> bool:
    return (
        isinstance(field, models.CharField | models.TextField)
        and not isinstance(field, models.SlugField)
        and not (field.choices or field.unique or field.name in NOT_WORDS)
        and (field.max_length or SHORT) >= len(text)
    )


def store_everywhere(text: str) -> int:
    """Every column of words that takes the text holds it, past all forms; how many do."""
    stored = 0
    for area in AREAS:
        for model in apps.get_app_config(area).get_models():
            for field in model._meta.concrete_fields:
                if not model._meta.managed or not holds_words(field, text):
                    continue
                try:
                    with transaction.atomic():
                        models.QuerySet(model).update(**{field.name: text})
                except (IntegrityError, DataError):
                    continue  # a rule of the database keeps it out
                stored += 1
    store_in_json(text)
    return stored


def store_in_json(text: str) -> None:
    passage = {
        "chunk_id": 1, "document_id": str(Run.unscoped.first().id), "document_name": text,
        "page": 1, "start": 0, "end": 4, "text": text, "score": 0.5,
    }  # fmt: skip
    Answer.objects.update(
        prompt=[{"role": "system", "content": text}],
        events=[
            {"type": "passages.found", "passages": [passage]},
            {"type": "guard.decided", "decision": "abstain", "reason": text},
            {"type": "stage.finished", "kind": text, "plugin": text, "ms": 1.0},
        ],
    )
    DocumentText.objects.update(pages=[[1, 0, len(text)]])
    DocumentVersion.unscoped.update(warnings=[text])
    AppSharing.unscoped.update(examples=[text], opens_documents=True)
    setting = {"type": "string", "title": text, "description": text, "default": text[::-1]}
    PluginRelease.objects.update(
        manifest={"title": text, "summary": text},
        config_schema={"type": "object", "properties": {"instructions": setting}},
    )
    for model in (App, AppVersion):
        name = "draft_pipeline" if model is App else "pipeline"
        for row in model.unscoped.all():
            pipeline = getattr(row, name)
            for stage in pipeline["stages"]:
                stage["config"] = {"instructions": text}
            model.unscoped.filter(pk=row.pk).update(**{name: pipeline})


def complete(world: World) -> None:
    """The world's answer also has a source, a judgement and a conversation of the owner's."""
    run = Run.unscoped.get(pk=world.ids["run_id"])
    add_source(run, world)
    Feedback.unscoped.create(
        organization=run.organization, run=run, user=world.owner.user, verdict="bad"
    )
    Report.unscoped.create(
        organization=run.organization, run=run, user=world.owner.user, reason="wrong"
    )
    Conversation.unscoped.filter(pk=run.conversation_id).update(user=world.owner.user)
    App.unscoped.filter(pk=run.app_id).update(draft_revision=2)


def add_source(run: Run, world: World) -> None:
    Citation.objects.create(
        run=run, ordinal=0, n=1, chunk_id=1, document_id=world.ids["document_id"],
        document_name="compost.txt", page=1, start=0, end=4, quote="Comp", answer_start=0,
        answer_end=7,
    )  # fmt: skip


def visit(world: World) -> tuple[Visit, Run]:
    """Somebody in a frame on a website, and the answer they got."""
    public = find_public_app(world.ids["organization"], world.ids["app"])
    one = new_frame_visit(public, "en")
    run = Run.unscoped.create(
        organization=public.organization, app=public.app, version=public.app.published_version,
        visitor=one.visitor.id, question="How long?", spec={}, state=RunState.FINISHED,
    )  # fmt: skip
    Answer.objects.create(run=run, text="Six months.")
    add_source(run, world)
    return one, run


def addresses(world: World) -> Iterator[str]:
    """What a member may look at, as the matrix has it; and more of what takes a query."""
    for row in MATRIX:
        if row.method == "GET" and row.door in DOORS and not row.route.endswith(WORDLESS):
            yield "/" + path_of(row.route, world.ids).lstrip("/")
    ids = world.ids
    yield f"/runs/{ids['run_id']}/?view=reading"
    yield f"/runs/{ids['run_id']}/sources/{ids['document_id']}/?start=0&end=4"
    yield f"/documents/{ids['document_id']}/?start=0&end=4"
    yield f"/apps/{ids['app_id']}/build/?stage=2&run={ids['run_id']}"
    yield f"/apps/{ids['app_id']}/versions/compare/?from=1&to=draft"
    yield "/reports/?state=closed"
    yield "/usage/?by=app"


def visitor_addresses(one: Visit, run: Run, world: World) -> Iterator[str]:
    here = one.routes.of_run(run.id)
    yield from (one.routes.new, here.page)
    yield here.source_of(world.ids["document_id"], 0, 4)
    yield here.document_of(world.ids["document_id"], 0, 4)


def live_in_feed(feed: str) -> list[str]:
    """What a browser or a reader of feeds would make of it: a summary is HTML to both."""
    root = ET.fromstring(feed)  # noqa: S314 - our own
    foreign = [each.tag for each in root.iter() if not each.tag.startswith(ATOM)]
    summaries = [each.text or "" for each in root.iter(f"{ATOM}summary")]
    return foreign + [live for each in summaries for live in live_parts(each)]


def live_in(response: HttpResponseBase) -> list[str]:
    """What the response would make a browser run or fetch."""
    if response.status_code >= 500 and response.status_code != 503:
        return [f"status {response.status_code}"]
    kind = response.headers.get("Content-Type", "")
    is_sync = not getattr(response, "is_async", False)
    body = response.getvalue() if is_sync else b""
    if kind.startswith("text/html"):
        page = without_honest_links(body.decode())
        ran = [TEMPLATE_RESULT] if TEMPLATE_RESULT in page else []
        return live_parts(page) + ran
    if kind.startswith("application/atom+xml"):
        return live_in_feed(body.decode())
    is_inert = not kind or kind.startswith((*INERT_TYPES, "text/javascript", "application/problem"))
    is_sniffed = body and response.headers.get("X-Content-Type-Options") != "nosniff"
    is_saved = response.headers.get("Content-Disposition", "").startswith("attachment")
    return [] if (is_inert and not is_sniffed) or is_saved else [f"{kind}, open to sniffing"]


@pytest.mark.parametrize(("part", "language"), [(0, "en"), (1, "fr"), (2, "en")])
def test_c20_what_was_stored_is_text_on_every_page(world, part, language):
    complete(world)
    one, run = visit(world)
    owner = Client(headers={"accept-language": language}, raise_request_exception=False)
    owner.force_login(world.owner.user)
    shown = 0
    for text in texts()[part::3]:
        assert store_everywhere(text) >= LEAST_COLUMNS
        for client, address in [
            *((owner, each) for each in addresses(world)),
            *((Client(), each) for each in visitor_addresses(one, run, world)),
        ]:
            response = client.get(address)
            assert live_in(response) == [], (address, text)
            shown += response.status_code == 200
    assert shown > 50 * len(texts()[part::3]), "a leak test first opens what could leak"

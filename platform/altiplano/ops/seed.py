"""The demo organization with its documents and its app, made through the same doors as any other."""

import json
import secrets
import shutil
import tempfile
import time
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path

from django.conf import settings
from django.db import transaction

from altiplano.accounts.consent_models import Purpose
from altiplano.accounts.consent_queries import standings_of, text_for_reader
from altiplano.accounts.domain.consents import give_consent
from altiplano.accounts.domain.organizations import create_organization_with_owner
from altiplano.accounts.domain.sessions import principal_for
from altiplano.accounts.domain.tokens import issue_token
from altiplano.accounts.models import Membership, TokenScope, User
from altiplano.accounts.principal import Principal
from altiplano.kernel.errors import InvalidInputError
from altiplano.knowledge.domain.collections import create_collection
from altiplano.knowledge.domain.receiving import Upload, receive_documents
from altiplano.knowledge.models import (
    UNFINISHED_STATES,
    Collection,
    Document,
    DocumentState,
    DocumentVersion,
)
from altiplano.ops.demo import demo_files
from altiplano.ops.demo.edition import ensure_demo_edition
from altiplano.ops.supervisor.home import Home, write_private
from altiplano.studio.domain.apps import create_app
from altiplano.studio.domain.sharing import Appearance, change_appearance, open_to_public
from altiplano.studio.domain.versions import freeze_version, publish_version
from altiplano.studio.models import App, AppSharing

EMAIL = "demo@green-schools.example"
ORGANIZATION = "Green Schools"
KIND = "non-profit"
COLLECTION = "School documents"
APP = "School garden assistant"
EXAMPLES = {
    "How long does compost take to mature?": "en",
    "How do we save water in the garden?": "en",
    "Combien de temps faut-il au compost pour mûrir ?": "fr",
    "Peut-on boire l\u2019eau de pluie ?": "fr",
}
KEY_NAME = "Demo key"
CAPACITY = "demonstration"
WAIT_SECONDS = 240.0
CATALOGUE_SECONDS = 30.0
POLL_SECONDS = 0.25


class DemoNotReadyError(Exception):
    """The demo documents did not become searchable; the message says which and why."""


@dataclass(frozen=True, slots=True)
class Demo:
    """What ``demo.json`` holds. ``organization`` is the slug, ``app`` and ``collection`` are ids."""

    url: str
    email: str
    password: str
    organization: str
    api_key: str
    app: str
    app_slug: str
    collection: str


def seed_demo(home: Home, *, wait: bool = False) -> dict[str, str]:
    """The demo exists and ``demo.json`` says how to get in.

    What a person changed or deleted since is left as it is; only what a killed run did not finish
    is made. Raises DomainError, DemoNotReadyError.
    """
    demo = read_demo(home)
    if demo is None or not User.objects.filter(email=demo.email).exists():
        return asdict(make_demo(home, wait=wait))
    if demo.url != settings.PUBLIC_URL:
        demo = Demo(**{**asdict(demo), "url": settings.PUBLIC_URL})
        _write(home, demo)
    if wait:
        wait_for_documents(demo.collection)
    return asdict(demo)


def read_demo(home: Home) -> Demo | None:
    """The demo as written last; None when it was never finished."""
    try:
        data = json.loads(home.demo.read_text(encoding="utf-8"))
        return Demo(**data) if isinstance(data, Mapping) else None
    except (OSError, ValueError, TypeError):
        return None


def make_demo(home: Home, *, wait: bool) -> Demo:
    """Every part that is not there yet is made; the file is written last.

    Who watches for the file finds documents that answer, or that have failed for good.
    """
    principal, password = _owner()
    collection = _collection(principal)
    _upload(principal, collection)
    app = _published_app(principal, collection)
    ensure_demo_edition(
        organizer=collection.organization,
        owner=User.objects.get(email=EMAIL),
        collection=collection,
    )
    key = issue_token(principal=principal, name=KEY_NAME, scopes=TokenScope.values).key
    demo = Demo(
        url=settings.PUBLIC_URL,
        email=EMAIL,
        password=password,
        organization=principal.organization_slug,
        api_key=key,
        app=str(app.id),
        app_slug=app.slug,
        collection=str(collection.id),
    )
    try:
        if wait:
            wait_for_documents(demo.collection)
    finally:
        _write(home, demo)
    return demo


def _write(home: Home, demo: Demo) -> None:
    write_private(home.demo, json.dumps(asdict(demo), indent=2) + "\n")


def _owner() -> tuple[Principal, str]:
    """The demo person, acting as owner of the demo organization, and their password from now on."""
    password = secrets.token_urlsafe(12)
    membership = Membership.unscoped.filter(
        user__email=EMAIL, organization__name=ORGANIZATION
    ).first()
    with transaction.atomic():
        if membership is None:
            made = create_organization_with_owner(name=ORGANIZATION, kind=KIND, owner_email=EMAIL)
            membership = Membership.unscoped.get(user=made.user, organization=made.organization)
        # A password that no file tells could not be used by anybody.
        membership.user.set_password(password)
        membership.user.save(update_fields=["password"])
    return principal_for(membership), password


def _collection(principal: Principal) -> Collection:
    found = Collection.objects.within(principal.organization_id).filter(name=COLLECTION).first()
    return found or create_collection(principal=principal, name=COLLECTION)


def _upload(principal: Principal, collection: Collection) -> None:
    """All six documents, as copies: the store may keep the very file that it is given."""
    settings.UPLOAD_ROOT.mkdir(mode=0o700, parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=settings.UPLOAD_ROOT) as folder:
        uploads = []
        for original in demo_files():
            path = Path(shutil.copy(original, folder))
            uploads.append(Upload(name=original.name, path=path, size=path.stat().st_size))
        receive_documents(principal=principal, collection_id=collection.id, uploads=uploads)


def _published_app(principal: Principal, collection: Collection) -> App:
    app = App.objects.within(principal.organization_id).filter(name=APP).first()
    if app is None:
        app = _new_app(principal, collection)
    if app.published_version is None:
        _accept_texts(principal)
        version = freeze_version(principal=principal, app_id=app.id)
        app = publish_version(principal=principal, app_id=app.id, number=version.number)
    if not AppSharing.objects.within(principal.organization_id).filter(app=app).exists():
        _accept_texts(principal)
        look = Appearance(examples=[*EXAMPLES], example_languages=[*EXAMPLES.values()])
        with transaction.atomic():
            change_appearance(principal=principal, app_id=app.id, appearance=look)
            open_to_public(principal=principal, app_id=app.id)
    return app


def _accept_texts(principal: Principal) -> None:
    """As the owner of the demo, and saying so: where staff published nothing, there is nothing."""
    for standing in standings_of(principal.organization_id, purpose=Purpose.PUBLISH_APP):
        if standing.missing is not None:
            text = text_for_reader(standing.missing)
            give_consent(
                principal=principal,
                text_id=text.id,
                sha256=text.sha256,
                capacity=CAPACITY,
                has_authority=True,
            )


def _new_app(principal: Principal, collection: Collection) -> App:
    """Waits for the catalogue: a worker that has just started reports its plugins by a task."""
    deadline = time.monotonic() + CATALOGUE_SECONDS
    while True:
        try:
            return create_app(principal=principal, name=APP, collections=[str(collection.id)])
        except InvalidInputError:
            if time.monotonic() > deadline:
                raise
        time.sleep(POLL_SECONDS)


def wait_for_documents(collection_id: str, *, seconds: float = WAIT_SECONDS) -> None:
    """No document of the collection waits any more. Raises DemoNotReadyError when one failed."""
    versions = DocumentVersion.unscoped.filter(
        id__in=Document.unscoped.filter(collection_id=collection_id).values("latest_version")
    )
    deadline = time.monotonic() + seconds
    while versions.filter(state__in=UNFINISHED_STATES).exists():
        if time.monotonic() > deadline:
            raise DemoNotReadyError(
                f"The demo documents are not searchable after {seconds:.0f} seconds; "
                "logs/ingest.log in the home says what the worker does."
            )
        time.sleep(POLL_SECONDS)
    failed = versions.filter(state=DocumentState.FAILED).select_related("document").first()
    if failed is not None:
        raise DemoNotReadyError(f"{failed.document.name}: {failed.reason}")

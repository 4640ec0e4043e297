"""One organization with one of everything, and someone from outside: what access is tested on."""

import hashlib
import uuid
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Any

from django.apps import apps
from django.test import Client
from django.utils import timezone

from altiplano.accounts.domain.tokens import issue_token, revoke_token
from altiplano.accounts.models import Invitation, Role
from altiplano.knowledge.domain.receiving import Upload, receive_documents
from altiplano.knowledge.models import Document, DocumentState, DocumentText, DocumentVersion
from altiplano.knowledge.source_models import Source
from altiplano.runs.models import Answer, Conversation, Report, Run, RunState
from altiplano.studio.domain.apps import create_app
from altiplano.studio.domain.sharing import open_to_public
from altiplano.studio.domain.versions import freeze_version, publish_version
from tests.cast import Member, client_with_key, make_member
from tests.factories.accounts import OrganizationFactory
from tests.factories.challenges import publish_edition_now
from tests.factories.legal import accept, publish_text
from tests.factories.packages import make_package
from tests.factories.studio import CollectionFactory, report_all_plugins

TEXT = "Compost is mature after six to twelve months."

Clients = dict[str, Client]


@dataclass(frozen=True, slots=True)
class World:
    """``ids`` fills the placeholders of routes with the organization's own objects."""

    owner: Member
    builder: Member
    viewer: Member
    outsider: Member
    ids: dict[str, str]
    clients: Clients

    def unknown_ids(self) -> dict[str, str]:
        """Ids of the same form that nothing has."""
        return {name: str(uuid.uuid4()) for name in self.ids} | {
            "organization": "x",
            "app": "y",
            "page": "1",
        }


def make_world(folder: Path) -> World:
    report_all_plugins()
    green = OrganizationFactory(name="Green Schools", slug="green-schools")
    owner = make_member(green, Role.OWNER, "Alice")
    builder = make_member(green, Role.BUILDER, "Bob")
    viewer = make_member(green, Role.VIEWER, "Vera")
    spare = make_member(green, Role.VIEWER, "Sam")
    outsider = make_member(OrganizationFactory(), Role.OWNER, "Charlie")
    collection = CollectionFactory(organization=green, name="Garden")
    document = _ready_document(owner, collection, folder)
    app = create_app(principal=owner.principal, name="Garden", collections=[str(collection.id)])
    freeze_version(principal=owner.principal, app_id=app.id)
    publish_version(principal=owner.principal, app_id=app.id, number=1)
    open_to_public(principal=owner.principal, app_id=app.id)
    consent = accept(owner.principal, publish_text())
    run = _finished_run(viewer, app)
    report = Report.unscoped.create(organization=green, run=run, user=viewer.user, reason="wrong")
    return World(
        owner=owner,
        builder=builder,
        viewer=viewer,
        outsider=outsider,
        ids={
            "collection_id": str(collection.id),
            "document_id": str(document.id),
            "source_id": str(_source(collection).id),
            "app_id": str(app.id),
            "run_id": str(run.id),
            "conversation_id": str(run.conversation_id),
            "report_id": str(report.id),
            "number": "1",
            "token_id": str(_key(spare, "Spare", ["read"])[0]),
            "member_id": str(spare.membership.id),
            "invitation_id": str(_invitation(green).id),
            "token": "not-a-token",
            "organization": green.slug,
            "app": app.slug,
            "page": "1",
            "key": "not-a-key",
            "document": "acceptable-use",
            "language": "en",
            "edition": publish_edition_now(green).slug,
            "consent_id": str(consent.id),
            **make_package(green),
        },
        clients=_clients(owner, builder, viewer, outsider),
    )


def _ready_document(owner: Member, collection: Any, folder: Path) -> Document:
    path = folder / "upload"
    path.write_text(TEXT)
    upload = Upload(name="compost.txt", path=path, size=len(TEXT))
    (document,) = receive_documents(
        principal=owner.principal, collection_id=collection.id, uploads=[upload]
    )
    version = DocumentVersion.unscoped.get(document=document)
    DocumentText.objects.create(version=version, text=TEXT, pages=[[1, 0, len(TEXT)]])
    DocumentVersion.unscoped.filter(id=version.id).update(state=DocumentState.READY)
    Document.unscoped.filter(id=document.id).update(active_version=version)
    return document


def _source(collection: Any) -> Source:
    """Its loader is not installed any more."""
    return Source.unscoped.create(
        organization=collection.organization,
        collection=collection,
        name="Shelf",
        plugin="shelf",
        pin={"version": "1.0.0"},
    )


def _finished_run(asker: Member, app: Any) -> Run:
    """Asked by the one with the fewest rights, so that everyone in the house may see it."""
    conversation = Conversation.unscoped.create(
        organization=asker.organization, app=app, user=asker.user, title="Compost"
    )
    run = Run.unscoped.create(
        organization=asker.organization,
        app=app,
        conversation=conversation,
        version=app.published_version,
        user=asker.user,
        question="How long does compost take?",
        spec={"pipeline": app.draft_pipeline, "collections": [], "endpoint": ""},
        state=RunState.FINISHED,
        finished_at=timezone.now(),
    )
    Answer.objects.create(run=run, text=TEXT)
    return run


def _invitation(organization: Any) -> Invitation:
    """Sent long enough ago to be sent again."""
    return Invitation.unscoped.create(
        organization=organization,
        email="invited@example.org",
        role=Role.VIEWER,
        language="en",
        digest="0" * 64,
        sent_at=timezone.now() - timedelta(hours=1),
        expires_at=timezone.now() + timedelta(days=1),
    )


def _key(member: Member, name: str, scopes: list[str]) -> tuple[uuid.UUID, str]:
    issued = issue_token(principal=member.principal, name=name, scopes=scopes)
    return issued.token.id, issued.key


def _clients(owner: Member, builder: Member, viewer: Member, outsider: Member) -> Clients:
    revoked_id, revoked = _key(builder, "Old", ["read", "write", "run"])
    revoke_token(principal=builder.principal, token_id=revoked_id)
    return {
        "anonymous": Client(raise_request_exception=False),
        "revoked key": client_with_key(revoked),
        "viewer's key": client_with_key(viewer.key),
        "builder's key": client_with_key(builder.key),
        "builder's key to read": client_with_key(_key(builder, "Reader", ["read"])[1]),
        "builder's key to run": client_with_key(_key(builder, "Runner", ["run"])[1]),
        "owner's key": client_with_key(owner.key),
        "outsider's key": client_with_key(outsider.key),
        "viewer": _signed_in(viewer),
        "builder": _signed_in(builder),
        "owner": _signed_in(owner),
        "outsider": _signed_in(outsider),
    }


def _signed_in(member: Member) -> Client:
    client = Client(raise_request_exception=False)
    client.force_login(member.user)
    return client


AREAS = (
    "accounts",
    "catalog",
    "challenges",
    "kernel",
    "knowledge",
    "ops",
    "runs",
    "serving",
    "studio",
)
UNOBSERVED = {"last_used_at", "last_login"}
"""Notes of having been here, which is not a change of anything."""


def fingerprint() -> str:
    """Of every row of every area; equal before and after when nothing was changed."""
    digest = hashlib.sha256()
    for area in AREAS:
        for model in apps.get_app_config(area).get_models():
            if not model._meta.managed:
                continue
            names = [f.attname for f in model._meta.concrete_fields if f.name not in UNOBSERVED]
            manager = getattr(model, "unscoped", model._default_manager)
            for row in manager.order_by("pk").values_list(*names):
                digest.update(repr((model.__name__, row)).encode())
    return digest.hexdigest()

"""People who ask a public app without saying who they are.

A visitor is a random number that one browser keeps for one app. It ties the browser to the runs
that it asked, and to nothing else: no other app, no name, no address.
"""

import uuid
from dataclasses import dataclass, replace
from datetime import datetime
from typing import cast

from django.conf import settings
from django.core.exceptions import ValidationError
from django.db.models import QuerySet
from django.utils.translation import gettext_lazy as _

from altiplano.accounts.models import Role
from altiplano.accounts.principal import Principal
from altiplano.kernel.errors import NotFoundError
from altiplano.knowledge.models import Document
from altiplano.runs.models import Run
from altiplano.serving.domain.endpoints import NoEndpointError, choose_endpoint
from altiplano.serving.models import ModelEndpoint
from altiplano.studio.public_apps import PublicApp

MAX_NAMES = 50
"""So many documents are named above a chat; the others are counted."""

STREAMS_PER_VISITOR = 4
"""So many answers one visitor may have open at once, each in a window of its own."""


@dataclass(frozen=True, slots=True)
class Visitor:
    """One browser at one public app."""

    id: uuid.UUID
    public: PublicApp

    @property
    def principal(self) -> Principal:
        """What the visitor may do: ask what is published. They are nobody's user.

        All visitors together leave half of the organization's open answers to its members.
        """
        return Principal(
            user_id=self.id,
            user_label="visitor",
            organization_id=self.public.organization.id,
            organization_slug=self.public.organization.slug,
            role=Role.VIEWER,
            scopes=frozenset({"run"}),
            limits=replace(
                self.public.limits,
                own_streams=max(1, self.public.limits.streams // 2),
                own_streams_per_person=STREAMS_PER_VISITOR,
            ),
        )


def runs_of_app_by_visitors(public: PublicApp, since: datetime) -> QuerySet[Run]:
    """What visitors asked this app since then."""
    runs = Run.objects.within(public.organization.id).filter(app=public.app)
    return runs.filter(visitor__isnull=False, created_at__gte=since)


def run_of_visitor(visitor: Visitor, run_id: object) -> Run:
    """The run, alike unknown whether it is not there, another's or no id at all."""
    runs = Run.objects.within(visitor.public.organization.id).filter(
        app=visitor.public.app, visitor=visitor.id
    )
    try:
        return runs.get(pk=cast("uuid.UUID", run_id))
    except (Run.DoesNotExist, ValidationError, ValueError):
        raise NotFoundError(
            _("There is no such answer here. Only the browser that asked can see it.")
        ) from None


@dataclass(frozen=True, slots=True)
class PublicDisclosure:
    """What visitors are told before the first answer. ``names`` are the first of the documents."""

    documents: int
    names: tuple[str, ...]
    endpoint: ModelEndpoint | None
    kept_days: int

    @property
    def more(self) -> int:
        return self.documents - len(self.names)


def public_disclosure_of(public: PublicApp) -> PublicDisclosure:
    """From which documents what is published answers, and with which model, as it is now."""
    documents = public_documents(public)
    try:
        endpoint = choose_endpoint(
            organization_id=public.organization.id, endpoint_id=public.version.endpoint_id
        )
    except NoEndpointError:
        endpoint = None
    return PublicDisclosure(
        documents=documents.count(),
        names=tuple(documents.order_by("name", "id").values_list("name", flat=True)[:MAX_NAMES]),
        endpoint=endpoint,
        kept_days=settings.VISITOR_DAYS,
    )


def public_documents(public: PublicApp) -> QuerySet[Document]:
    """The documents that what is published answers from."""
    documents = Document.objects.within(public.organization.id)
    return documents.filter(collection_id__in=public.collection_ids, active_version__isnull=False)

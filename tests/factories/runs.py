"""Published apps and runs in every state."""

from collections.abc import Iterable
from typing import Any

import factory

from altiplano.accounts.models import Organization
from altiplano.knowledge.models import Collection
from altiplano.runs.models import Run
from altiplano.serving.models import ModelEndpoint
from altiplano.studio.models import App, AppVersion
from tests.factories.accounts import OrganizationFactory, UserFactory
from tests.factories.scoped import ScopedFactory
from tests.factories.studio import AppFactory


class RunFactory(ScopedFactory):
    """A queued run without a job, as it is after its request was accepted."""

    class Meta:
        model = Run

    organization = factory.SubFactory(OrganizationFactory)
    app = factory.SubFactory(AppFactory, organization=factory.SelfAttribute("..organization"))
    user = factory.SubFactory(UserFactory)
    question = "How long does compost take?"
    spec = factory.LazyFunction(lambda: {"pipeline": {"stages": []}, "collections": []})


def make_endpoint(base_url: str = "http://127.0.0.1:9/v1", model: str = "fake", **extra: Any):
    return ModelEndpoint.objects.create(
        name="Engine", base_url=base_url, model=model, is_default=True, **extra
    )


def publish_app(
    organization: Organization, *, collections: Iterable[Collection] = (), **extra: Any
) -> App:
    """An app whose first version is published."""
    app = AppFactory(organization=organization, **extra)
    app.collections.set(collections)
    app.published_version = AppVersion.unscoped.create(
        organization=organization,
        app=app,
        number=1,
        pipeline=app.draft_pipeline,
        collection_ids=[str(each) for each in app.collections.values_list("id", flat=True)],
    )
    app.save()
    return app

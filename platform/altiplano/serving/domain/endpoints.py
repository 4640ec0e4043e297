"""Which model answers, and the default one that the environment names."""

import uuid
from dataclasses import dataclass

from django.conf import settings
from django.db import transaction
from django.utils.translation import gettext_lazy as _

from altiplano.kernel.errors import UnavailableError
from altiplano.serving.domain.keys import UnreadableKeyError, open_key, seal_key
from altiplano.serving.models import DEFAULT_NAME, EMBEDDED_NAME, ModelEndpoint
from altiplano.serving.queries import endpoint_usable_by


class NoEndpointError(UnavailableError):
    """No model can answer: none is configured, or the app's was removed or disabled."""

    code = "no_model_endpoint"


@dataclass(frozen=True, slots=True)
class EndpointWish:
    """What the environment says about the default endpoint."""

    name: str
    base_url: str
    model: str
    key: str
    provider: str
    context_tokens: int
    is_demonstration: bool


def choose_endpoint(
    *, organization_id: uuid.UUID, endpoint_id: uuid.UUID | None = None
) -> ModelEndpoint:
    """The endpoint that answers for this organization. Raises NoEndpointError with a sentence.

    A default that the environment names but that was not stored yet is stored on the way.
    """
    endpoint = endpoint_usable_by(organization_id, endpoint_id)
    if endpoint is None and endpoint_id is None:
        endpoint = ensure_default_endpoint()
    if endpoint is None:
        raise NoEndpointError(
            _("This app's model was removed or switched off. Choose another one for it.")
            if endpoint_id
            else _(
                "No model is connected to this platform yet. Its operator can set "
                "ALTIPLANO_ENGINE_URL and ALTIPLANO_ENGINE_MODEL."
            )
        )
    return endpoint


def ensure_default_endpoint() -> ModelEndpoint | None:
    """The default endpoint, as the environment names it now; None when it names none.

    Without ``ALTIPLANO_ENGINE_URL`` a default that was stored earlier stays as it is.
    """
    wish = read_wish()
    with transaction.atomic():
        found = (
            ModelEndpoint.objects.select_for_update()
            .filter(is_default=True, organization__isnull=True)
            .first()
        )
        if wish is None:
            return found
        endpoint = found or ModelEndpoint(is_default=True)
        if found is not None and _fulfils(found, wish):
            return found
        endpoint.name = wish.name
        endpoint.base_url = wish.base_url
        endpoint.model = wish.model
        endpoint.provider = wish.provider
        endpoint.context_tokens = wish.context_tokens
        endpoint.is_demonstration = wish.is_demonstration
        endpoint.is_enabled = True
        endpoint.sealed_key = seal_key(wish.key)
        endpoint.save()
        return endpoint


def _fulfils(endpoint: ModelEndpoint, wish: EndpointWish) -> bool:
    try:
        key = open_key(endpoint.sealed_key)
    except UnreadableKeyError:
        return False
    return wish == EndpointWish(
        name=endpoint.name,
        base_url=endpoint.base_url,
        model=endpoint.model,
        key=key,
        provider=endpoint.provider,
        context_tokens=endpoint.context_tokens,
        is_demonstration=endpoint.is_demonstration,
    )


def read_wish() -> EndpointWish | None:
    """What ``ALTIPLANO_ENGINE_*`` asks for; the supervisor sets them for its embedded engine."""
    if not settings.ENGINE_URL:
        return None
    embedded = settings.ENGINE_IS_EMBEDDED
    return EndpointWish(
        name=EMBEDDED_NAME if embedded else DEFAULT_NAME,
        base_url=settings.ENGINE_URL.rstrip("/"),
        model=settings.ENGINE_MODEL or "default",
        key=settings.ENGINE_KEY,
        provider=settings.ENGINE_PROVIDER,
        context_tokens=settings.ENGINE_CONTEXT_TOKENS,
        is_demonstration=embedded,
    )

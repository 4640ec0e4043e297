"""What the first page says of the public app that it lets people try."""

from django.urls import reverse
from django.utils.translation import get_language

from altiplano.kernel.errors import NotFoundError
from altiplano.studio.public_apps import find_public_app
from altiplano.web.landing import LandingApp


def find_landing_app(name: str) -> LandingApp | None:
    """The public app called ``organization/app``; None while there is none of that name."""
    organization, _slash, slug = name.partition("/")
    try:
        public = find_public_app(organization, slug)
    except NotFoundError:
        return None
    return LandingApp(
        title=public.title,
        organization=public.organization.name,
        address=reverse("visit:chat", args=[public.organization.slug, public.app.slug]),
        examples=tuple(public.sharing.examples_for(get_language() or "")),
    )

"""An app is opened to everybody, or closed again, and how it looks and behaves there."""

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import zip_longest
from types import MappingProxyType
from typing import Final
from urllib.parse import urlsplit

from django.conf import settings
from django.db import transaction
from django.utils.translation import gettext_lazy as _

from altiplano.accounts.consent_models import Purpose
from altiplano.accounts.domain.audit import record_event
from altiplano.accounts.domain.consents import require_consent
from altiplano.accounts.principal import Principal
from altiplano.kernel.errors import ConflictError, InvalidInputError
from altiplano.studio.domain.apps import lock_app
from altiplano.studio.models import Accent, App, AppSharing
from altiplano.studio.public_apps import sharing_of
from altiplano_sdk import clean_text

MAX_DOMAINS: Final = 20
MAX_EXAMPLES: Final = 4
MAX_EXAMPLE_CHARS: Final = 160
TEXT_CHARS: Final = MappingProxyType({"title": 80, "greeting": 400, "placeholder": 80})
MAX_QUESTIONS_PER_VISITOR: Final = 1_000
MAX_QUESTIONS_PER_DAY: Final = 100_000

_LABEL = r"[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?"
_HOST = re.compile(rf"(?=.{{1,253}}(?::|$)){_LABEL}(?:\.{_LABEL})*(?::[1-9]\d{{0,4}})?")


@dataclass(frozen=True, slots=True)
class Appearance:
    """What visitors see. Empty texts stand for what the page says by itself.

    ``example_languages`` are those of the ``examples``, in their order: a reader of another language
    does not see the example. One without a language is for all.
    """

    accent: str = Accent.INDIGO
    title: str = ""
    greeting: str = ""
    placeholder: str = ""
    examples: Sequence[str] = ()
    example_languages: Sequence[str] = ()


@dataclass(frozen=True, slots=True)
class Allowance:
    """How much visitors may ask, and whether they may open whole documents."""

    questions_per_visitor: int
    questions_per_day: int
    opens_documents: bool = False


def open_to_public(*, principal: Principal, app_id: object) -> AppSharing:
    """Everybody may ask what is published of the app. Opening twice changes nothing.

    Raises ConflictError while nothing is published, or where the operator does not allow it, and
    ConsentNeededError while a legal text has to be accepted first.
    """
    principal.require("write")
    with transaction.atomic():
        app = lock_app(principal.organization_id, app_id)
        if app.published_version_id is None:
            raise ConflictError(
                _("Publish a version first: visitors are only ever answered by what is published."),
                code="app_not_published",
            )
        if not principal.limits.allows_public_apps:
            raise ConflictError(
                _(
                    "The operator of this platform does not allow public apps for your organization."
                ),
                code="public_apps_not_allowed",
            )
        require_consent(app.organization_id, Purpose.PUBLISH_APP)
        return _switch(principal, app, is_public=True)


def close_to_public(*, principal: Principal, app_id: object) -> AppSharing:
    """Only members may ask the app; its public page and its frames on websites are gone."""
    principal.require("write")
    with transaction.atomic():
        return _switch(principal, lock_app(principal.organization_id, app_id), is_public=False)


def _switch(principal: Principal, app: App, *, is_public: bool) -> AppSharing:
    sharing = sharing_of(app)
    if sharing.is_public != is_public:
        sharing.is_public = is_public
        sharing.save()
        _record(principal, "app.opened" if is_public else "app.closed", app, {})
    return sharing


def change_appearance(
    *, principal: Principal, app_id: object, appearance: Appearance
) -> AppSharing:
    """The public page and the frame look like this. Raises InvalidInputError."""
    principal.require("write")
    if appearance.accent not in Accent.values:
        raise InvalidInputError(_("Choose one of the colours."), fields={"accent": _("unknown")})
    texts = {
        name: _read_text(getattr(appearance, name), name)
        for name in ("title", "greeting", "placeholder")
    }
    examples = _read_examples(appearance)
    with transaction.atomic():
        sharing = sharing_of(lock_app(principal.organization_id, app_id))
        sharing.accent = appearance.accent
        sharing.examples = list(examples)
        sharing.example_languages = list(examples.values())
        for name, text in texts.items():
            setattr(sharing, name, text)
        sharing.save()
    return sharing


def change_allowance(*, principal: Principal, app_id: object, allowance: Allowance) -> AppSharing:
    """Visitors may ask this much. Raises InvalidInputError."""
    principal.require("write")
    for name, most in (
        ("questions_per_visitor", MAX_QUESTIONS_PER_VISITOR),
        ("questions_per_day", MAX_QUESTIONS_PER_DAY),
    ):
        if not 1 <= getattr(allowance, name) <= most:
            raise InvalidInputError(
                _("Give a number from 1 to %(most)s."),
                params={"most": most},
                fields={name: _("out of range")},
            )
    with transaction.atomic():
        app = lock_app(principal.organization_id, app_id)
        sharing = sharing_of(app)
        before = sharing.opens_documents
        sharing.questions_per_visitor = allowance.questions_per_visitor
        sharing.questions_per_day = allowance.questions_per_day
        sharing.opens_documents = allowance.opens_documents
        sharing.save()
        if before != sharing.opens_documents:
            _record(principal, "app.reading", app, {"opens_documents": sharing.opens_documents})
    return sharing


def allow_domains(*, principal: Principal, app_id: object, domains: Iterable[str]) -> AppSharing:
    """Pages of these hosts, and of no other, may embed the chat. Raises InvalidInputError."""
    principal.require("write")
    hosts = read_domains(domains)
    with transaction.atomic():
        app = lock_app(principal.organization_id, app_id)
        sharing = sharing_of(app)
        before, sharing.domains = sharing.domains, hosts
        sharing.save()
        if before != hosts:
            _record(principal, "app.domains", app, {"from": before, "to": hosts})
    return sharing


def read_domains(lines: Iterable[str]) -> list[str]:
    """Exact hosts, each once, with a port where one was given; addresses lose what follows the host.

    ``https://www.school.example/page`` is read as ``www.school.example``. Reading read hosts
    changes nothing. Raises InvalidInputError for what is no host, such as a wildcard.
    """
    hosts = list(dict.fromkeys(_read_host(line) for line in lines if line.strip()))
    if len(hosts) > MAX_DOMAINS:
        raise InvalidInputError(
            _("At most %(limit)s websites."),
            params={"limit": MAX_DOMAINS},
            fields={"domains": _("at most %(limit)s")},
        )
    return hosts


def _read_host(line: str) -> str:
    raw = line.strip().lower()
    if raw.startswith(("http://", "https://")):
        raw = urlsplit(raw).netloc
    name, colon, port = raw.partition(":")
    try:
        host = name.encode("idna").decode("ascii") + colon + port
    except UnicodeError:
        host = ""
    if not _HOST.fullmatch(host) or (port and int(port) > 65535):
        raise InvalidInputError(
            _("“%(host)s” is not the name of a website. Write it as in www.school.example."),
            params={"host": line.strip()[:80]},
            fields={"domains": _("not a website")},
        )
    return host


def _read_text(raw: str, name: str) -> str:
    """The text on one line without hidden characters."""
    text = " ".join(clean_text(raw).text.split())
    return _bounded(text, TEXT_CHARS[name], name)


def _read_examples(appearance: Appearance) -> dict[str, str]:
    """Each example once, in its order, with its language."""
    examples: dict[str, str] = {}
    for raw, language in zip_longest(
        appearance.examples, appearance.example_languages, fillvalue=""
    ):
        text = " ".join(clean_text(raw).text.split())
        if text:
            examples.setdefault(_bounded(text, MAX_EXAMPLE_CHARS, "examples"), language)
    if unknown := set(examples.values()) - {"", *dict(settings.LANGUAGES)}:
        raise InvalidInputError(
            _("There is no language “%(language)s” here."),
            params={"language": unknown.pop()},
            fields={"examples": _("unknown")},
        )
    if len(examples) > MAX_EXAMPLES:
        raise InvalidInputError(
            _("At most %(limit)s example questions."),
            params={"limit": MAX_EXAMPLES},
            fields={"examples": _("at most %(limit)s")},
        )
    return examples


def _bounded(text: str, limit: int, name: str) -> str:
    if len(text) > limit:
        raise InvalidInputError(
            _("At most %(limit)s characters."),
            params={"limit": limit},
            fields={name: _("at most %(limit)s characters")},
        )
    return text


def _record(principal: Principal, action: str, app: App, data: dict[str, object]) -> None:
    record_event(
        principal=principal,
        organization_id=app.organization_id,
        action=action,
        object_type="app",
        object_id=app.id,
        data={"slug": app.slug, **data},
    )

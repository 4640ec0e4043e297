"""API keys: issued once in clear, kept as a hash, checked in one query."""

import hashlib
import re
import secrets
import uuid
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.db import transaction
from django.db.models import OuterRef, Subquery
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from altiplano.accounts.domain.audit import record_event
from altiplano.accounts.models import ApiToken, Membership, Role, TokenScope
from altiplano.accounts.principal import ROLE_SCOPES, Principal
from altiplano.kernel.errors import InvalidInputError, NotAllowedError, NotSignedInError
from altiplano.kernel.limits import joined_limits
from altiplano.kernel.naming import read_name

KEY_PREFIX = "alti_"
RANDOM_BYTES = 32
SHOWN_CHARS = len(KEY_PREFIX) + 6
LAST_USED_PRECISION = timedelta(minutes=1)

_KEY_SHAPE = re.compile(r"alti_[A-Za-z0-9_-]{43}")


@dataclass(frozen=True, slots=True)
class IssuedToken:
    """A new token with its key, which exists nowhere else and is never shown again."""

    token: ApiToken
    key: str


def issue_token(
    *,
    principal: Principal,
    name: str,
    scopes: Iterable[str],
    expires_at: datetime | None = None,
) -> IssuedToken:
    """A key that acts as this person in this organization, within ``scopes``, until it expires.

    A token never reaches further than its maker: its scopes must lie in the person's own, and a
    later narrowing of the role narrows the token too.
    """
    principal.require_person()
    name = read_name(name, maximum=100)
    wanted = _known_scopes(scopes)
    missing = sorted(wanted - principal.scopes)
    if missing:
        raise NotAllowedError(
            _("Your role (%(role)s) cannot give the scope “%(scope)s” to a key."),
            params={"role": Role(principal.role).label, "scope": missing[0]},
            code="role_not_allowed",
        )
    if expires_at is not None and expires_at <= timezone.now():
        raise InvalidInputError(
            _("The expiry lies in the past."), fields={"expires_at": _("must lie in the future")}
        )
    key = KEY_PREFIX + secrets.token_urlsafe(RANDOM_BYTES)
    with transaction.atomic():
        token = ApiToken.unscoped.create(
            organization_id=principal.organization_id,
            created_by_id=principal.user_id,
            name=name,
            prefix=key[:SHOWN_CHARS],
            digest=_digest_of(key),
            scopes=sorted(wanted),
            expires_at=expires_at,
        )
        record_event(
            principal=principal,
            organization_id=principal.organization_id,
            action="token.issued",
            object_type="token",
            object_id=token.id,
            data={"name": name, "scopes": token.scopes, "prefix": token.prefix},
        )
    return IssuedToken(token, key)


def _known_scopes(scopes: Iterable[str]) -> frozenset[str]:
    wanted = frozenset(scopes)
    unknown = sorted(wanted - set(TokenScope.values))
    if unknown or not wanted:
        raise InvalidInputError(
            _("Scopes are one or more of: %(values)s."),
            params={"values": ", ".join(TokenScope.values)},
            fields={"scopes": _("unknown scope") if unknown else _("at least one")},
        )
    return wanted


def revoke_token(*, principal: Principal, token_id: object) -> ApiToken:
    """The key stops working at once; revoking twice changes nothing.

    Owners may revoke every key of the organization, others their own, and a key itself.
    """
    with transaction.atomic():
        token = ApiToken.objects.get_within(principal.organization_id, token_id)
        if token.id != principal.token_id:
            principal.require_person()
            if token.created_by_id != principal.user_id:
                principal.require("manage")
        if token.revoked_at is None:
            token.revoked_at = timezone.now()
            token.save(update_fields=["revoked_at"])
            record_event(
                principal=principal,
                organization_id=principal.organization_id,
                action="token.revoked",
                object_type="token",
                object_id=token.id,
                data={"name": token.name, "prefix": token.prefix},
            )
    return token


def authenticate_token(key: str) -> Principal:
    """Who the key stands for right now.

    One query for anything that looks like a key and none for anything else, so that a guess costs
    the same whatever it holds; one small write a minute for ``last_used_at``. Raises
    NotSignedInError, or NotAllowedError when the organization is suspended.
    """
    if not _KEY_SHAPE.fullmatch(key):
        raise NotSignedInError(_("This API key is not known here."))
    role = Membership.unscoped.filter(
        organization_id=OuterRef("organization_id"), user_id=OuterRef("created_by_id")
    ).values("role")
    token = (
        ApiToken.unscoped.filter(digest=_digest_of(key))
        .select_related("created_by", "organization__limits")
        .annotate(holder_role=Subquery(role))
        .first()
    )
    if token is None or token.holder_role is None or not token.created_by.is_active:
        raise NotSignedInError(_("This API key is not known here."))
    now = timezone.now()
    if token.revoked_at is not None:
        raise NotSignedInError(_("This API key was revoked."), code="key_revoked")
    if token.expires_at is not None and token.expires_at <= now:
        raise NotSignedInError(_("This API key has expired."), code="key_expired")
    if token.organization.is_suspended:
        raise NotAllowedError(
            _("This organization is suspended; its owner can write to the operator."),
            code="organization_suspended",
        )
    limits = joined_limits(token.organization)
    if not limits.allows_api:
        raise NotAllowedError(
            _(
                "API keys are switched off for this organization; its owner can write to the operator."
            ),
            code="api_switched_off",
        )
    _note_use(token.id, token.last_used_at, now)
    return Principal(
        user_id=token.created_by_id,
        user_label=token.created_by.email,
        organization_id=token.organization_id,
        organization_slug=token.organization.slug,
        role=token.holder_role,
        scopes=frozenset(token.scopes) & ROLE_SCOPES[token.holder_role] & set(TokenScope.values),
        token_id=token.id,
        limits=limits,
    )


def _note_use(token_id: uuid.UUID, last_used_at: datetime | None, now: datetime) -> None:
    if last_used_at is None or now - last_used_at > LAST_USED_PRECISION:
        ApiToken.unscoped.filter(id=token_id).update(last_used_at=now)


def _digest_of(key: str) -> str:
    """SHA-256 without salt is right here: the key is 256 random bits, not a password."""
    return hashlib.sha256(key.encode("ascii")).hexdigest()

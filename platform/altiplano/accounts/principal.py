"""Who is asking, for which organization, and what they may do there."""

import uuid
from dataclasses import dataclass

from django.utils.translation import gettext_lazy as _

from altiplano.accounts.models import Role, TokenScope
from altiplano.kernel.errors import NotAllowedError
from altiplano.kernel.limits import UNLIMITED_BY_OPERATOR, Limits

ROLE_SCOPES: dict[str, frozenset[str]] = {
    Role.OWNER: frozenset({TokenScope.READ, TokenScope.WRITE, TokenScope.RUN, "manage"}),
    Role.BUILDER: frozenset({TokenScope.READ, TokenScope.WRITE, TokenScope.RUN}),
    Role.VIEWER: frozenset({TokenScope.READ, TokenScope.RUN}),
}


@dataclass(frozen=True, slots=True)
class StandIn:
    """The operator who works in a person's place."""

    user_id: uuid.UUID
    label: str


@dataclass(frozen=True, slots=True)
class Principal:
    """An authenticated member acting for one organization.

    ``scopes`` is what the role allows, narrowed by the token when there is one. ``manage`` (members,
    tokens, deletion of the organization) is never given to a token.
    """

    user_id: uuid.UUID
    user_label: str
    organization_id: uuid.UUID
    organization_slug: str
    role: str
    scopes: frozenset[str]
    token_id: uuid.UUID | None = None
    stand_in: StandIn | None = None
    limits: Limits = UNLIMITED_BY_OPERATOR

    def require(self, scope: str) -> None:
        """Return when the scope is held; raise NotAllowedError with a sentence otherwise."""
        if scope in self.scopes:
            return
        if self.token_id is not None and scope in ROLE_SCOPES.get(self.role, frozenset()):
            raise NotAllowedError(
                _("This API key does not have the scope “%(scope)s”."),
                params={"scope": scope},
                code="missing_scope",
            )
        raise NotAllowedError(
            _("Your role in this organization (%(role)s) does not allow this."),
            params={"role": Role(self.role).label},
            code="role_not_allowed",
        )

    def require_person(self) -> None:
        """Return when a person is signed in; raise NotAllowedError when a key acts for them.

        A key must not make other keys: a stolen one would outlive its own expiry.
        """
        if self.token_id is not None:
            raise NotAllowedError(
                _("An API key cannot do this; sign in to do it yourself."), code="person_required"
            )
        if self.stand_in is not None:
            raise NotAllowedError(
                _("While you work in someone's place, their keys and sign-in stay as they are."),
                code="person_required",
            )

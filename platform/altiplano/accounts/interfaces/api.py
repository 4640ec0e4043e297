"""REST routes for members and API keys."""

import uuid
from datetime import datetime
from typing import Annotated

from ninja import Router, Status
from pydantic import AwareDatetime, Field

from altiplano.accounts import queries
from altiplano.accounts.domain import members, tokens
from altiplano.accounts.interfaces.auth import ApiRequest
from altiplano.accounts.models import ApiToken, Membership
from altiplano.kernel.schemas import RequestBody, ResponseBody

router = Router(tags=["accounts"])


class TokenOut(ResponseBody):
    """An API key as it can be shown: its first characters, never the key."""

    id: uuid.UUID
    name: str
    prefix: str
    scopes: list[str]
    created_by: str
    created_at: datetime
    expires_at: datetime | None
    last_used_at: datetime | None
    revoked_at: datetime | None

    @classmethod
    def of(cls, token: ApiToken) -> "TokenOut":
        return cls(
            id=token.id,
            name=token.name,
            prefix=token.prefix,
            scopes=token.scopes,
            created_by=token.created_by.email,
            created_at=token.created_at,
            expires_at=token.expires_at,
            last_used_at=token.last_used_at,
            revoked_at=token.revoked_at,
        )


class NewTokenOut(TokenOut):
    key: str = Field(description="Shown here once and stored nowhere.")


class TokenIn(RequestBody):
    name: Annotated[str, Field(min_length=1, max_length=100)]
    scopes: Annotated[list[str], Field(min_length=1, max_length=10)]
    expires_at: AwareDatetime | None = None


@router.get("/tokens", response=list[TokenOut], summary="List API keys")
def list_tokens(request: ApiRequest) -> list[TokenOut]:
    request.auth.require("read")
    return [TokenOut.of(token) for token in queries.tokens_visible_to(request.auth)]


@router.post("/tokens", response={201: NewTokenOut}, summary="Issue an API key")
def issue_token(request: ApiRequest, body: TokenIn) -> Status[NewTokenOut]:
    """Only for a signed-in person: a key makes no keys."""
    issued = tokens.issue_token(
        principal=request.auth, name=body.name, scopes=body.scopes, expires_at=body.expires_at
    )
    shown = TokenOut.of(issued.token).model_dump()
    return Status(201, NewTokenOut(**shown, key=issued.key))


@router.delete("/tokens/{token_id}", response={204: None}, summary="Revoke an API key")
def revoke_token(request: ApiRequest, token_id: str) -> Status[None]:
    """Owners revoke any key of the organization, others their own; a key may revoke itself."""
    tokens.revoke_token(principal=request.auth, token_id=token_id)
    return Status(204, None)


class MemberOut(ResponseBody):
    id: uuid.UUID
    email: str
    name: str
    role: str
    created_at: datetime

    @classmethod
    def of(cls, membership: Membership) -> "MemberOut":
        return cls(
            id=membership.id,
            email=membership.user.email,
            name=membership.user.name,
            role=membership.role,
            created_at=membership.created_at,
        )


class MemberIn(RequestBody):
    email: Annotated[str, Field(max_length=254)]
    role: str


class MemberPatch(RequestBody):
    role: str


@router.get("/members", response=list[MemberOut], summary="List members")
def list_members(request: ApiRequest) -> list[MemberOut]:
    request.auth.require("read")
    return [MemberOut.of(member) for member in queries.members_of(request.auth.organization_id)]


@router.post("/members", response={201: MemberOut}, summary="Add a member")
def add_member(request: ApiRequest, body: MemberIn) -> Status[MemberOut]:
    """Only for a signed-in owner."""
    membership = members.add_member(principal=request.auth, email=body.email, role=body.role)
    return Status(201, MemberOut.of(membership))


@router.patch("/members/{member_id}", response=MemberOut, summary="Change a member's role")
def change_role(request: ApiRequest, member_id: str, body: MemberPatch) -> MemberOut:
    """Only for a signed-in owner; the last owner stays one."""
    membership = members.change_role(
        principal=request.auth, membership_id=member_id, role=body.role
    )
    return MemberOut.of(membership)


@router.delete("/members/{member_id}", response={204: None}, summary="Remove a member")
def remove_member(request: ApiRequest, member_id: str) -> Status[None]:
    """Owners remove anyone, others themselves; the last owner stays."""
    members.remove_member(principal=request.auth, membership_id=member_id)
    return Status(204, None)

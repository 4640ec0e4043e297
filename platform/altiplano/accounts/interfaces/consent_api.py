"""REST routes for legal documents, and for what an organization has accepted."""

import uuid
from datetime import datetime
from typing import Annotated, Literal

from django.utils.translation import gettext_lazy as _
from ninja import Query, Router, Status
from pydantic import BaseModel, Field

from altiplano.accounts import consent_queries as queries
from altiplano.accounts.consent_models import Consent, LegalText, LegalVersion
from altiplano.accounts.domain.consents import give_consent as accept_text
from altiplano.accounts.interfaces.auth import ApiRequest
from altiplano.kernel.errors import NotFoundError
from altiplano.kernel.schemas import RequestBody, ResponseBody

router = Router(tags=["legal"])


class LegalTextOut(ResponseBody):
    language: str
    title: str
    change_summary: str
    sha256: str = Field(description="Of the text as `url` gives it, in UTF-8.")
    url: str

    @classmethod
    def of(cls, text: LegalText, version: LegalVersion) -> "LegalTextOut":
        return cls(
            language=text.language,
            title=text.title,
            change_summary=text.change_summary,
            sha256=text.sha256,
            url=f"/legal/{version.document.slug}/{version.number}/{text.language}.txt",
        )


class LegalVersionOut(ResponseBody):
    version: int
    published_at: datetime
    effective_at: datetime
    requires_reconsent: bool
    is_in_force: bool
    texts: list[LegalTextOut]


class LegalDocumentOut(ResponseBody):
    document: str
    kind: str
    purposes: list[str] = Field(description="What has to wait until it is accepted.")
    versions: list[LegalVersionOut] = Field(description="The newest first.")

    @classmethod
    def of(cls, public: queries.PublicDocument) -> "LegalDocumentOut":
        return cls(
            document=public.document.slug,
            kind=public.document.kind,
            purposes=public.document.purposes,
            versions=[
                _version(each, is_in_force=each == public.in_force) for each in public.versions
            ],
        )


def _version(version: LegalVersion, *, is_in_force: bool) -> LegalVersionOut:
    return LegalVersionOut.model_validate(
        {
            "version": version.number,
            "published_at": version.published_at,
            "effective_at": version.effective_at,
            "requires_reconsent": version.requires_reconsent,
            "is_in_force": is_in_force,
            "texts": [LegalTextOut.of(each, version) for each in version.texts.all()],
        }
    )


class ConsentIn(RequestBody):
    document: Annotated[str, Field(max_length=60)]
    version: Annotated[int, Field(ge=1, le=2**31 - 1)]
    language: Annotated[str, Field(max_length=5)]
    sha256: Annotated[str, Field(min_length=64, max_length=64)] = Field(
        description="Of the text that was read; 409 when it is another."
    )
    capacity: Annotated[str, Field(min_length=1, max_length=120)]
    has_authority: Literal[True] = Field(description="That one may bind the organization.")


class ConsentOut(ResponseBody):
    id: uuid.UUID
    document: str
    version: int
    language: str
    title: str
    sha256: str
    person: str | None = Field(description="Null when that account was deleted.")
    capacity: str
    given_at: datetime
    withdrawn_at: datetime | None

    @classmethod
    def of(cls, consent: Consent) -> "ConsentOut":
        text = consent.legal_text
        return cls(
            id=consent.id,
            document=text.version.document.slug,
            version=text.version.number,
            language=text.language,
            title=text.title,
            sha256=consent.sha256,
            person=consent.person.email if consent.person else None,
            capacity=consent.capacity,
            given_at=consent.given_at,
            withdrawn_at=consent.withdrawn_at,
        )


class ConsentPage(BaseModel):
    limit: Annotated[int, Field(ge=1, le=500)] = 100
    offset: Annotated[int, Field(ge=0, le=1_000_000)] = 0


@router.get("/legal", response=list[LegalDocumentOut], auth=None, summary="List legal documents")
def list_legal_documents(request: ApiRequest) -> list[LegalDocumentOut]:
    """Every published version of every document, for everybody."""
    return [LegalDocumentOut.of(each) for each in queries.public_documents()]


@router.get("/organization/consents", response=list[ConsentOut], summary="List consents")
def list_consents(request: ApiRequest, page: Query[ConsentPage]) -> list[ConsentOut]:
    """All that the organization ever gave, the newest first, withdrawn ones included."""
    request.auth.require("read")
    consents = queries.consents_of(request.auth.organization_id)
    return [ConsentOut.of(each) for each in consents[page.offset : page.offset + page.limit]]


@router.post("/organization/consents", response={201: ConsentOut}, summary="Accept a legal text")
def give_consent(request: ApiRequest, body: ConsentIn) -> Status[ConsentOut]:
    """Only for a signed-in owner: a key cannot bind an organization."""
    request.auth.require("manage")
    version = queries.public_version(body.document, str(body.version))
    texts = (each for each in version.texts.all() if each.language == body.language)
    text = next(texts, None)
    if text is None:
        raise NotFoundError(_("There is no such version of a legal document."))
    consent = accept_text(
        principal=request.auth,
        text_id=text.id,
        sha256=body.sha256,
        capacity=body.capacity,
        has_authority=body.has_authority,
    )
    return Status(201, ConsentOut.of(consent))

"""From uploaded files to document versions that wait to be read."""

import uuid
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

from django.conf import settings
from django.db import InterfaceError, OperationalError, transaction
from django.db.models import Max
from django.utils.translation import gettext_lazy as _

from altiplano.accounts.models import Organization
from altiplano.accounts.principal import Principal
from altiplano.kernel.errors import InvalidInputError, TooLargeError
from altiplano.kernel.ids import new_id
from altiplano.kernel.jobs import create_job, create_jobs
from altiplano.kernel.limits import limits_of
from altiplano.kernel.sentences import Size
from altiplano.knowledge import rules
from altiplano.knowledge.blobs import BlobName, hash_file, remove_blob, store_blob
from altiplano.knowledge.domain.documents import has_file, requeue_version, supersede_versions
from altiplano.knowledge.models import Collection, Document, DocumentState, DocumentVersion
from altiplano.knowledge.naming import clean_name, distinct_names, name_from_url
from altiplano.knowledge.queries import stored_bytes
from altiplano.knowledge.sniffing import sniff_file
from altiplano.knowledge.specs import ParseDocument


@dataclass(frozen=True, slots=True)
class Upload:
    """One file of a request. ``path`` is None when it was too large to be taken in at all.

    ``is_temporary`` promises that nobody writes to the file any more: it need not be copied.
    """

    name: str
    path: Path | None
    size: int
    is_temporary: bool = False


@dataclass(frozen=True, slots=True)
class _Examined:
    """An upload with what its bytes say, and the version it becomes unless it is known already."""

    name: str
    path: Path | None
    size: int
    sha256: str
    media_type: str
    reason_code: str
    reason: str
    is_temporary: bool = False
    version_id: uuid.UUID = field(default_factory=new_id)

    @property
    def is_kept(self) -> bool:
        return not self.reason


def receive_documents(
    *, principal: Principal, collection_id: object, uploads: Sequence[Upload]
) -> list[Document]:
    """One document per upload, in the same order, its version waiting to be read.

    A file that cannot be accepted becomes a document in state ``failed`` that says why; the others
    go on. A file whose name the collection knows becomes that document's next version, or is that
    document unchanged when the content is the same. Either all is recorded or nothing.

    Raises InvalidInputError, TooLargeError (no file is small enough), LimitReachedError,
    StorageFullError.
    """
    principal.require("write")
    collection = Collection.objects.get_within(principal.organization_id, collection_id)
    _check_count(uploads)
    names = distinct_names(clean_name(upload.name) for upload in uploads)
    examined = [_examine(name, upload) for name, upload in zip(names, uploads, strict=True)]
    if all(item.reason_code == "too_large" for item in examined):
        raise TooLargeError(
            _("The file is larger than %(limit)s, which is the most one document may have."),
            params={"limit": Size(settings.MAX_DOCUMENT_BYTES)},
        )
    return _take_in(collection, examined)


def receive_file(*, organization_id: uuid.UUID, collection_id: object, upload: Upload) -> Document:
    """As :func:`receive_documents` for one file that no person sends, but a source of the collection.

    One that is too large becomes a document that says so. What the collection has already takes no
    room. Raises NotFoundError, LimitReachedError, StorageFullError.
    """
    collection = Collection.objects.get_within(organization_id, collection_id)
    item = _examine(clean_name(upload.name), upload)
    known = _known_documents(collection, [item.name]).get(item.name)
    latest = known.latest_version if known is not None else None
    if known is not None and _is_same(known, item) and latest and not rules.can_retry(latest):
        return known
    return _take_in(collection, [item])[0]


def _take_in(collection: Collection, examined: Sequence[_Examined]) -> list[Document]:
    """All of it is recorded, in the same order, or nothing."""
    names = [item.name for item in examined]
    _check_quota(collection.organization_id, examined)
    known = _known_documents(collection, names)
    stored: list[BlobName] = []
    try:
        fresh = [item for item in examined if not _is_same(known.get(item.name), item)]
        stored += _store(collection.organization_id, fresh)
        with transaction.atomic():
            _take_turns(collection.organization_id)
            _check_quota(collection.organization_id, examined)  # others have stored meanwhile
            documents = _record(collection, examined, stored)
    except (OperationalError, InterfaceError):
        # The connection broke, perhaps in the commit: only the upkeep can tell whether it was
        # recorded, and removes the files if it was not.
        raise
    except BaseException:
        for blob in stored:
            remove_blob(blob)
        raise
    used = {document.latest_version_id for document in documents}
    for blob in stored:
        if blob.version_id not in used:
            remove_blob(blob)
    return documents


def receive_url(*, principal: Principal, collection_id: object, url: str) -> Document:
    """A document whose content a worker fetches from ``url``. Raises InvalidInputError."""
    principal.require("write")
    host = rules.check_url(url)
    name = name_from_url(url.split("://", 1)[1].partition("/")[2].split("?")[0], host)
    with transaction.atomic():
        collection = _locked_collection(principal.organization_id, collection_id)
        known = _known_documents(collection, [name]).get(name)
        if known is not None and known.latest_version is not None:
            latest = known.latest_version
            if latest.source_url == url and rules.is_unfinished(latest):
                return known
        version = DocumentVersion(
            organization_id=collection.organization_id, bytes=0, source_url=url
        )
        document = save_versions(collection, [(name, known, version)])[0]
        create_job(ParseDocument(version.id), organization_id=collection.organization_id)
        return document


def _check_count(uploads: Sequence[Upload]) -> None:
    if not uploads:
        message = _("Send at least one file in the field “file”.")
        raise InvalidInputError(message, code="no_file", fields={"file": message})
    if len(uploads) > settings.MAX_FILES_PER_UPLOAD:
        raise too_many_files()


def too_many_files() -> TooLargeError:
    """What is said of a request with more files than one may bring, wherever that is noticed."""
    message = _("Send at most %(limit)s files at once.")
    return TooLargeError(
        message,
        params={"limit": settings.MAX_FILES_PER_UPLOAD},
        code="too_many_files",
        fields={"file": message},
    )


def _examine(name: str, upload: Upload) -> _Examined:
    """What the file is by its content; refusals are results here, not errors."""
    if upload.path is None or upload.size > settings.MAX_DOCUMENT_BYTES:
        reason = rules.too_large_reason()
        return _Examined(name, None, upload.size, "", "", "too_large", reason)
    sniffed = sniff_file(upload.path, name)
    return _Examined(
        name=name,
        path=upload.path,
        size=upload.size,
        sha256=hash_file(upload.path),
        media_type=sniffed.media_type or "",
        reason_code="" if sniffed.reason is None else "type_not_accepted",
        reason=sniffed.reason or "",
        is_temporary=upload.is_temporary,
    )


def _take_turns(organization_id: uuid.UUID) -> None:
    """Uploads of one organization are recorded one after another, each counting those before."""
    Organization.objects.select_for_update(no_key=True).filter(pk=organization_id).first()


def _check_quota(organization_id: uuid.UUID, examined: Sequence[_Examined]) -> None:
    added = sum(item.size for item in examined if item.is_kept)
    rules.check_storage(
        used=stored_bytes(organization_id),
        added=added,
        limit=limits_of(organization_id).storage_bytes,
    )


def _known_documents(collection: Collection, names: Sequence[str]) -> dict[str, Document]:
    documents = Document.objects.within(collection.organization_id).filter(
        collection=collection, name__in=names
    )
    return {document.name: document for document in documents.select_related("latest_version")}


def _is_same(document: Document | None, item: _Examined) -> bool:
    latest = document.latest_version if document is not None else None
    return latest is not None and bool(item.sha256) and latest.sha256 == item.sha256


def _store(organization_id: uuid.UUID, items: Sequence[_Examined]) -> list[BlobName]:
    """The kept files are on the disk; all of them or, when the disk is full, none."""
    kept = [item for item in items if item.is_kept]
    twins = {
        sha256: BlobName(organization_id, sha256, version_id)
        for sha256, version_id in DocumentVersion.objects.within(organization_id)
        .filter(sha256__in={item.sha256 for item in kept})
        .values_list("sha256", "id")
    }
    stored: list[BlobName] = []
    try:
        for item in kept:
            if item.path is not None:
                blob = BlobName(organization_id, item.sha256, item.version_id)
                twin = twins.setdefault(item.sha256, blob)
                store_blob(item.path, blob, is_ours=item.is_temporary, twin=twin)
                stored.append(blob)
    except BaseException:
        for blob in stored:
            remove_blob(blob)
        raise
    return stored


def _locked_collection(organization_id: uuid.UUID, collection_id: object) -> Collection:
    """The collection, so that uploads into it and its deletion take turns until the commit."""
    collection = Collection.objects.get_within(organization_id, collection_id)
    Collection.objects.within(organization_id).select_for_update(no_key=True).filter(
        pk=collection.pk
    ).first()
    return Collection.objects.get_within(organization_id, collection.pk)  # gone by now, perhaps


def _record(
    collection: Collection, examined: Sequence[_Examined], stored: list[BlobName]
) -> list[Document]:
    """Rows and jobs for everything, decided again under the lock on what is true now."""
    collection = _locked_collection(collection.organization_id, collection.id)
    known = _known_documents(collection, [item.name for item in examined])
    stored_ids = {blob.version_id for blob in stored}
    rows: list[tuple[str, Document | None, DocumentVersion]] = []
    unchanged: dict[str, Document] = {}
    for item in examined:
        document = known.get(item.name)
        if document is not None and _is_same(document, item):
            unchanged[item.name] = document
            _read_again_if_given_up(document, item)
            continue
        if item.is_kept and item.version_id not in stored_ids:
            stored += _store(collection.organization_id, [item])
        rows.append((item.name, document, _new_version(collection, item)))
    made = {document.name: document for document in save_versions(collection, rows)}
    create_jobs(
        [ParseDocument(version.id) for *_, version in rows if rules.is_unfinished(version)],
        organization_id=collection.organization_id,
    )
    return [unchanged.get(item.name) or made[item.name] for item in examined]


def _read_again_if_given_up(document: Document, item: _Examined) -> None:
    """Sending a file again is also how a person retries it."""
    latest = document.latest_version
    if latest is None or not item.is_kept or item.path is None or not rules.can_retry(latest):
        return
    if not has_file(latest):
        store_blob(item.path, BlobName(latest.organization_id, item.sha256, latest.id))
    requeue_version(latest, document)


def _new_version(collection: Collection, item: _Examined) -> DocumentVersion:
    return DocumentVersion(
        id=item.version_id,
        organization_id=collection.organization_id,
        sha256=item.sha256,
        bytes=item.size if item.is_kept else 0,
        media_type=item.media_type,
        state=DocumentState.QUEUED if item.is_kept else DocumentState.FAILED,
        reason_code=item.reason_code,
        reason=item.reason,
    )


def save_versions(
    collection: Collection, rows: Sequence[tuple[str, Document | None, DocumentVersion]]
) -> list[Document]:
    """Each version is its document's latest; documents that did not exist do now."""
    known = [document for _, document, _ in rows if document is not None]
    numbers: dict[uuid.UUID, int] = dict(
        DocumentVersion.unscoped.filter(document__in=known)
        .order_by()
        .values_list("document_id")
        .annotate(Max("number"))
    )
    supersede_versions(known)
    made, result = [], []
    for name, existing, version in rows:
        document = existing
        if document is None:
            document = Document(
                organization_id=collection.organization_id, collection=collection, name=name
            )
            made.append(document)
        version.document = document
        version.number = numbers.get(document.id, 0) + 1
        document.latest_version = version
        result.append(document)
    Document.unscoped.bulk_create(made)
    DocumentVersion.unscoped.bulk_create([version for *_, version in rows])
    Document.unscoped.bulk_update(known, ["latest_version"])
    return result

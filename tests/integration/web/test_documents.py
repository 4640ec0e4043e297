"""The page of a document: its text page by page, search inside, its picture, its versions."""

import pytest
from django.urls import reverse

import altiplano_sdk as sdk
from altiplano.knowledge import picture_wire as wire
from altiplano.knowledge import pictures
from altiplano.knowledge.blobs import BlobName
from altiplano.knowledge.models import Chunk, DocumentState, DocumentText, DocumentVersion
from altiplano_worker.tasks.pictures import draw_picture, trim_pictures
from tests.integration.web.conftest import QUOTE, make_document
from tests.integration.web.test_pages import body_of, signed_in

pytestmark = pytest.mark.django_db

WEBP = b"RIFF\x10\x00\x00\x00WEBPVP8 not really"


class Painter:
    """Draws nothing, and remembers what it was asked for."""

    def __init__(self, error: Exception | None = None) -> None:
        self.asked: list[dict] = []
        self.error = error

    def draw(self, source: sdk.SourceFile, **wish) -> bytes:
        self.asked.append({"path": source.path, **wish})
        if self.error is not None:
            raise self.error
        return WEBP


@pytest.fixture
def painter(monkeypatch, settings, tmp_path) -> Painter:
    """Stands for the worker: what the portal asks is drawn in this process."""
    settings.PICTURE_ROOT = tmp_path / "pictures"
    painter = Painter()

    def ask(request):
        reply = draw_picture(wire.PictureRequest.decode(request.encode()), painter)
        reply = wire.PictureReply.decode(reply.encode())
        if reply.code:
            raise pictures.NotFoundError(reply.message, code=reply.code)

    monkeypatch.setattr(pictures, "_ask_worker", ask)
    return painter


@pytest.fixture
def printed(garden):
    """The garden's document, as a PDF of two pages."""
    DocumentVersion.unscoped.filter(document=garden.document).update(media_type="application/pdf")
    return garden.document


def bytes_of(response) -> bytes:
    """A file read to its end, which closes it; closing it by hand would close the connection, too."""
    return b"".join(response.streaming_content)


def page_of(document, **query) -> str:
    return reverse("knowledge:document-detail", args=[document.id])


def picture_of(document, page: int = 2) -> str:
    return reverse("knowledge:page-picture", args=[document.id, page])


def test_citation_opens_the_page_with_the_passage_marked_in_text_and_picture(alice, printed):
    page = body_of(signed_in(alice).get(page_of(printed), {"start": 13, "end": 13 + len(QUOTE)}))
    assert f'<mark id="passage" class="current">{QUOTE}</mark>' in page
    assert f"{picture_of(printed)}?v=1&amp;start=13&amp;end={13 + len(QUOTE)}" in page


def test_chunk_opens_at_its_place_and_a_foreign_one_does_not(alice, charlie, garden):
    version = garden.document.active_version
    chunk = Chunk.unscoped.create(
        organization=alice.organization, collection=garden.collection, version=version, ordinal=0,
        page=2, start=13, end=20, text="A heap ",
    )  # fmt: skip
    page = body_of(signed_in(alice).get(page_of(garden.document), {"chunk": chunk.id}))
    assert 'class="current">A heap </mark>' in page
    other = make_document(garden.collection, "other.txt", DocumentState.READY)
    assert "<mark" not in body_of(signed_in(alice).get(page_of(other), {"chunk": chunk.id}))


def test_search_inside_counts_and_steps_through_all_hits(alice, garden):
    client = signed_in(alice)
    page = body_of(client.get(page_of(garden.document), {"q": "MATURE", "hit": 1}))
    assert "“MATURE”: 1 of 1" in page
    assert 'class="current">mature</mark>' in page
    assert "page 2 of 2" in page
    page = body_of(client.get(page_of(garden.document), {"q": "e", "hit": 2}))
    assert "hit=1#passage" in page
    assert "hit=3#passage" in page
    assert "is not in this document" in body_of(
        client.get(page_of(garden.document), {"q": "<script>alert(1)</script>"})
    )


def test_pages_are_linked_to_their_neighbours(alice, garden):
    page = body_of(signed_in(alice).get(page_of(garden.document)))
    assert 'href="?page=2" rel="next"' in page
    assert 'rel="prev"' not in page


def test_text_without_pages_has_no_picture(alice, garden):
    assert "/picture/" not in body_of(signed_in(alice).get(page_of(garden.document)))


def test_report_and_versions_are_shown(alice, printed):
    version = DocumentVersion.unscoped.get(document=printed)
    newer = DocumentVersion.unscoped.create(
        organization=alice.organization, document=printed, number=2, bytes=9,
        state=DocumentState.FAILED, reason="The file is empty.",
    )  # fmt: skip
    printed.latest_version = newer
    printed.save()
    page = body_of(signed_in(alice).get(page_of(printed)))
    assert "answers questions" in page
    assert page.count("The file is empty.") == 2
    assert "PDF" in page
    assert version.number == 1


def test_document_that_waits_says_that_its_text_comes(alice, garden):
    waiting = make_document(garden.collection, "slow.pdf", DocumentState.QUEUED)
    page = body_of(signed_in(alice).get(page_of(waiting)))
    assert "The text appears here once the document has been read" in page


# --- Pictures --------------------------------------------------------------------------------


def test_picture_is_drawn_once_and_kept_for_its_readers_alone(alice, printed, painter):
    client = signed_in(alice)
    for _ in range(2):
        response = client.get(picture_of(printed), {"start": 13, "end": 40})
        assert bytes_of(response) == WEBP
    (asked,) = painter.asked
    version = DocumentVersion.unscoped.get(document=printed)
    assert asked["path"] == BlobName(alice.organization.id, version.sha256, version.id).path
    assert (asked["page"], asked["passage"]) == (2, QUOTE[:27])
    assert response.headers["Cache-Control"].startswith("private")
    assert response.headers["X-Content-Type-Options"] == "nosniff"


def test_picture_is_not_there_for_anybody_else(charlie, client, printed, painter):
    unknown = "/documents/01a20897-d9b6-782f-a2c4-9dffeabf079f/pages/2/picture/"
    foreign = signed_in(charlie).get(picture_of(printed))
    assert foreign.status_code == 404
    assert signed_in(charlie).get(unknown).status_code == 404
    assert "There is nothing here" in body_of(foreign)
    assert client.get(picture_of(printed)).status_code == 302
    assert painter.asked == []


@pytest.mark.parametrize("page", [0, 3, 10**9])
def test_page_that_is_not_there_has_no_picture(alice, printed, painter, page):
    assert signed_in(alice).get(picture_of(printed, page)).status_code == 404
    assert painter.asked == []


def test_page_that_cannot_be_drawn_is_a_sentence(alice, printed, painter):
    painter.error = sdk.BudgetExceededError("The file took longer than 10 seconds to read.")
    response = signed_in(alice).get(picture_of(printed))
    assert response.status_code == 404
    assert "took longer" in body_of(response)


def test_worker_draws_nothing_of_another_organization(charlie, printed, painter):
    version = DocumentVersion.unscoped.get(document=printed)
    request = wire.PictureRequest("1", charlie.organization.id, version.id, 1, "", 0, 0.0)
    assert draw_picture(request, painter).code == "gone"
    assert painter.asked == []


def test_pictures_go_with_their_document_and_the_oldest_when_there_are_too_many(
    alice, printed, painter, settings, django_capture_on_commit_callbacks
):
    from altiplano.knowledge.domain.documents import delete_document

    client = signed_in(alice)
    for page in (1, 2):
        assert bytes_of(client.get(picture_of(printed, page))) == WEBP
    assert len(list(settings.PICTURE_ROOT.rglob("*.webp"))) == 2
    settings.PICTURE_CACHE_BYTES = len(WEBP) + 5
    assert trim_pictures() == 2
    assert bytes_of(client.get(picture_of(printed, 1))) == WEBP
    assert trim_pictures() == 0
    with django_capture_on_commit_callbacks(execute=True):
        delete_document(principal=alice.principal, document_id=printed.id)
    assert list(settings.PICTURE_ROOT.rglob("*.webp")) == []


@pytest.mark.parametrize(
    ("language", "reason"),
    [
        ("en", "The message broker does not answer; try again soon."),
        ("fr", "Le serveur de messages ne répond pas"),
    ],
)
def test_script_is_told_why_there_is_no_picture(alice, printed, settings, language, reason):
    settings.REDIS_URL = "redis://127.0.0.1:1/0"
    pictures.broker.cache_clear()
    client = signed_in(alice, language)
    told = client.get(picture_of(printed), headers={"HX-Request": "true"})
    assert told.status_code == 503
    assert told["Content-Type"] == "text/plain; charset=utf-8"
    assert reason in told.content.decode()
    assert "<html" in client.get(picture_of(printed)).content.decode()
    pictures.broker.cache_clear()


@pytest.mark.parametrize("text", ["Peas climb.", "Peas climb up poles. " * 1500])
def test_document_without_pages_is_not_said_to_have_any(alice, garden, text):
    DocumentText.objects.update(text=text, pages=[[1, 0, len(text)]])
    client = signed_in(alice)
    page = body_of(client.get(page_of(garden.document)))
    for words in ("Previous page", "Next page", "Go to page", "<dt>Pages</dt>", "page 1 of"):
        assert words not in page
    assert ("Go to part" in page, "part 1 of 3" in page) == (len(text) > 100,) * 2
    source = f"/runs/{garden.run.id}/sources/{garden.document.id}/?start=0&end=4"
    DocumentText.objects.update(text=text, pages=[[1, 0, len(text)]])
    garden.run.citations.update(start=0, end=4, quote="Peas")
    assert "page 1 of 1" not in body_of(client.get(source))

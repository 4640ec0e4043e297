"""Files that are given back."""

from altiplano.knowledge.interfaces.downloads import StoredFile

CONTENT = b"Beans climb up the poles in June. " * 20_000


async def test_download_is_read_while_it_is_sent(tmp_path):
    """Warnings are errors: Django warns where it reads a whole file before it sends."""
    path = tmp_path / "beans.txt"
    path.write_bytes(CONTENT)
    with path.open("rb") as file:
        response = StoredFile(file, content_type="application/octet-stream")
        pieces = [piece async for piece in response]
    assert b"".join(pieces) == CONTENT
    assert max(map(len, pieces)) == StoredFile.block_size < len(CONTENT)


def test_download_can_be_read_at_once_too(tmp_path):
    path = tmp_path / "beans.txt"
    path.write_bytes(CONTENT)
    with path.open("rb") as file:
        response = StoredFile(file, content_type="application/octet-stream")
        assert response.getvalue() == CONTENT

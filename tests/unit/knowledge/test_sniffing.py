import zipfile

import pytest

from altiplano.knowledge import sniffing
from altiplano.knowledge.sniffing import sniff_file, sniff_media_type
from tests.fakes import documents


@pytest.fixture
def sniff(tmp_path):
    """Sniffs bytes that were uploaded under a name."""

    def run(content: bytes, name: str):
        path = tmp_path / "stored"
        path.write_bytes(content)
        return sniff_file(path, name)

    return run


@pytest.mark.parametrize(
    ("content", "name", "media_type"),
    [
        (b"%PDF-1.7\n...", "a.pdf", sniffing.PDF),
        (b"%PDF-1.7\n...", "a.txt", sniffing.PDF),
        (b"\xef\xbb\xbf\n%PDF-1.4", "a", sniffing.PDF),
        (b"%PDF-1.7\n<html><body>polyglot</body></html>", "a.html", sniffing.PDF),
        (b"<!DOCTYPE html><p>x", "a.pdf", sniffing.HTML),
        (b"\n<!-- c -->\n<html lang=en>", "a.md", sniffing.HTML),
        (b'<?xml version="1.0"?><!DOCTYPE html PUBLIC "x"><html>', "a.xhtml", sniffing.HTML),
        ("<html>é</html>".encode("utf-16"), "a.html", sniffing.HTML),
        (b"<p>fragment</p>", "a.html", sniffing.HTML),
        (b"<p>fragment</p>", "a.txt", sniffing.PLAIN),
        (b"no tags at all", "a.html", sniffing.PLAIN),
        (b"<div align=center>\n\n# Title\n", "README.md", sniffing.MARKDOWN),
        (b"# Title with <html> in it", "README.MD", sniffing.MARKDOWN),
        (b"<!-- comment -->\n# Title", "a.markdown", sniffing.MARKDOWN),
        (b"a,b\n1,2", "table.csv", sniffing.CSV),
        (b"a\tb\n1\t2", "table.tsv", sniffing.CSV),
        (b"just words", "notes.txt", sniffing.PLAIN),
        (b"just words", "notes.pdf", sniffing.PLAIN),
        (b"just words", "no-extension", sniffing.PLAIN),
        (b"From: a@example.org\nSubject: hi\n\nbody", "mail.txt", sniffing.PLAIN),
        (b"BMW, MZ and BZh are letters", "cars.txt", sniffing.PLAIN),
        (b"PK is how this text starts", "a.txt", sniffing.PLAIN),
        ("déjà vu".encode("cp1252"), "a.txt", sniffing.PLAIN),
        ("été".encode("utf-16-le"), "a.txt", sniffing.PLAIN),
        ("Привет, мир".encode("koi8_r"), "a.txt", sniffing.PLAIN),
        ("春の庭".encode("iso2022_jp"), "a.txt", sniffing.PLAIN),
        (b"   \n", "a.txt", sniffing.PLAIN),
        (b"x" * 8191 + "é".encode(), "cut-character.txt", sniffing.PLAIN),
    ],
)
def test_type_is_told_from_content_and_the_name_only_sorts_texts(sniff, content, name, media_type):
    sniffed = sniff(content, name)
    assert sniffed.media_type == media_type
    assert sniffed.reason is None
    assert media_type in sniffing.SUPPORTED_MEDIA_TYPES


@pytest.mark.parametrize(
    ("content", "name", "what"),
    [
        (documents.ONE_PIXEL, "a.pdf", "a picture (PNG)"),
        (b"\xff\xd8\xff\xe0\x00\x10JFIF\x00", "scan.pdf", "a picture (JPEG)"),
        (b"RIFF\x00\x00\x00\x00WEBPVP8 ", "a.txt", "a picture (WebP)"),
        (b"\x00\x00\x00\x18ftypheic", "a.jpg", "a picture (HEIC or AVIF)"),
        (b"\x00\x00\x00\x18ftypisom", "a.mp4", "a video file (MP4)"),
        (b'<svg xmlns="http://www.w3.org/2000/svg"/>', "a.html", "a picture (SVG)"),
        (b"MZ\x90\x00\x03\x00\x00\x00", "report.pdf", "a program for Windows"),
        (b"\x7fELF\x02\x01\x01\x00", "report.docx", "a program for Linux"),
        (b"\x1f\x8b\x08\x00", "a.txt", "a compressed file (GZIP)"),
        (b"{\\rtf1\\ansi", "a.doc", "a Rich Text file"),
        (b"x" * 257 + b"ustar\x00", "a.tar", "an archive (TAR)"),
        (b"PK\x05\x06" + b"\x00" * 18, "a.docx", "an empty ZIP archive"),
        (b'<?xml version="1.0"?><data/>', "data.txt", "an XML file"),
    ],
)
def test_other_files_are_refused_by_what_they_are(sniff, content, name, what):
    sniffed = sniff(content, name)
    assert sniffed.media_type is None
    assert sniffed.reason.startswith(f"The file seems to be {what}")
    assert sniffed.reason.endswith(f"{sniffing.ACCEPTED}.")


@pytest.mark.parametrize(
    ("stream", "what"),
    [
        ("WordDocument", "an old Word document (.doc); save it as .docx"),
        ("Workbook", "an old Excel workbook (.xls); save the sheets as CSV"),
        ("EncryptedPackage", "an Office file protected by a password"),
        ("Contents", "a file of an old Office program"),
    ],
)
def test_old_and_protected_office_files_are_named_with_advice(sniff, stream, what):
    padding = b"\x00" * 9000  # the list of streams may stand anywhere in the file
    content = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + padding + stream.encode("utf-16-le")
    assert what in sniff(content, "report.docx").reason


def test_empty_file_is_refused(sniff):
    assert sniff(b"", "a.pdf").reason == "The file is empty."


@pytest.mark.parametrize(
    "content", [bytes(range(256)) * 32, b"text\x00with\x00nul", b"\x01\x02\x03" * 100]
)
def test_binary_data_is_refused(sniff, content):
    assert "binary data" in sniff(content, "a.txt").reason


def test_word_file_is_known_by_its_members(tmp_path):
    documents.write_docx(tmp_path / "stored", ["Text"])
    assert sniff_file(tmp_path / "stored", "a.zip").media_type == sniffing.DOCX


def test_word_file_cut_short_is_left_to_its_parser(tmp_path, sniff):
    documents.write_docx(tmp_path / "whole", ["Text"])
    content = (tmp_path / "whole").read_bytes()
    assert sniff(content[: len(content) // 2], "a.docx").media_type == sniffing.DOCX


@pytest.mark.parametrize(
    ("members", "what"),
    [
        ({"xl/workbook.xml": "x"}, "an Excel workbook (.xlsx)"),
        ({"ppt/presentation.xml": "x"}, "a PowerPoint presentation (.pptx)"),
        ({"mimetype": "application/epub+zip"}, "an e-book (EPUB)"),
        ({"mimetype": "application/vnd.oasis.opendocument.text"}, "an OpenDocument text (.odt)"),
        ({"notes.txt": "x"}, "a ZIP archive; unpack it"),
    ],
)
def test_other_archives_are_named_with_advice(tmp_path, members, what):
    with zipfile.ZipFile(tmp_path / "stored", "w") as archive:
        for name, content in members.items():
            archive.writestr(name, content)
    assert what in sniff_file(tmp_path / "stored", "a.docx").reason


def test_archive_with_a_huge_list_is_refused_unread(tmp_path, monkeypatch):
    documents.write_zip(tmp_path / "stored", {f"m{n}": "" for n in range(12)})
    monkeypatch.setattr(sniffing, "_MAX_ZIP_MEMBERS", 11)
    monkeypatch.setattr(zipfile, "ZipFile", lambda *_: pytest.fail("was read"))
    assert "too many members" in sniff_file(tmp_path / "stored", "a.docx").reason


def test_archive_in_memory_is_refused():
    """Only the path-based function can look at members."""
    assert "ZIP archive" in sniff_media_type(b"PK\x03\x04", b"", "a.docx").reason

from altiplano.ops.demo import build, demo_files


def test_demo_has_six_documents_in_four_formats():
    suffixes = [path.suffix for path in demo_files()]

    assert len(suffixes) == 6
    assert set(suffixes) == {".pdf", ".docx", ".html", ".md"}


def test_source_is_read_block_by_block():
    blocks = list(build.read_blocks("# A\n\n## B\n\ntext\n\n- one\n- two\n"))

    assert [(block.kind, block.text) for block in blocks] == [
        ("title", "A"),
        ("heading", "B"),
        ("text", "text"),
        ("item", "one"),
        ("item", "two"),
    ]


def test_pdf_documents_hold_what_their_sources_say():
    import pypdfium2

    for name in build.PDFS:
        document = pypdfium2.PdfDocument(build.DOCUMENTS / f"{name}.pdf")
        text = " ".join(page.get_textpage().get_text_bounded() for page in document)
        words = set(text.split())
        for block in build.read_blocks((build.SOURCES / f"{name}.md").read_text(encoding="utf-8")):
            assert set(block.text.split()) <= words, (name, block.text)
        assert 1 <= len(document) <= 3
        document.close()


def test_word_documents_hold_what_their_sources_say():
    import docx

    for name in build.WORDS:
        written = [p.text for p in docx.Document(str(build.DOCUMENTS / f"{name}.docx")).paragraphs]
        source = (build.SOURCES / f"{name}.md").read_text(encoding="utf-8")
        assert written == [block.text for block in build.read_blocks(source)]


def test_answer_to_the_demo_question_stands_in_both_languages():
    english = (build.SOURCES / "school-composting.md").read_text(encoding="utf-8")
    french = (build.SOURCES / "dechets-de-cantine.md").read_text(encoding="utf-8")

    assert "Compost takes six to twelve months to mature." in english
    assert "Le compost est mûr au bout de six à douze mois." in french

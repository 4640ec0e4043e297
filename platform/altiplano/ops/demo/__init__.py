"""The demo: six short documents of a made-up school network, and what is asked of them."""

from pathlib import Path

DOCUMENTS = Path(__file__).parent / "documents"
QUESTION = "How long does compost take to mature?"


def demo_files() -> list[Path]:
    """The six documents, in a fixed order: PDF, Word, HTML and Markdown; English and French."""
    return sorted(path for path in DOCUMENTS.iterdir() if path.is_file())

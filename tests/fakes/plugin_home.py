"""Makes the fakes that are plugins known to real worker processes."""

from pathlib import Path

REPOSITORY = Path(__file__).resolve().parents[2]

METADATA = "Metadata-Version: 2.1\nName: altiplano-fakes\nVersion: 1.0\n"
ENTRY_POINTS = """\
[altiplano.embedder]
words = tests.fakes.embedders:WordsEmbedder
free = tests.fakes.embedders:FreeEmbedder
"""


def write_plugin_home(folder: Path) -> str:
    """What ``PYTHONPATH`` must be for a process to find the fakes as if they were installed."""
    installed = folder / "altiplano_fakes-1.0.dist-info"
    installed.mkdir(parents=True, exist_ok=True)
    (installed / "METADATA").write_text(METADATA)
    (installed / "entry_points.txt").write_text(ENTRY_POINTS)
    return f"{folder}:{REPOSITORY}"

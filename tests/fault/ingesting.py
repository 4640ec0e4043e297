"""Documents to be read by real workers, and what must be true of them after any fault."""

import random
from pathlib import Path
from typing import Any

from tests.ingest_stack import IngestStack

DOCUMENTS = 3
WORDS = [
    "beans",
    "peas",
    "compost",
    "water",
    "seeds",
    "garden",
    "school",
    "children",
    "spring",
    "summer",
]

CHECK = """
from altiplano_worker.tasks.stores import embedder_of, open_stores
found = Collection.unscoped.get(pk=collection)
ready = embedder_of(found)
store = open_stores.of(found, model_id=ready.model_id, dimension=ready.dimension)
chunks = Chunk.unscoped.filter(collection=found)
by_version = {}
for version, text in chunks.order_by('version', 'ordinal').values_list('version_id', 'text'):
    by_version.setdefault(str(version), []).append(text)
result = {
    'texts': sorted(by_version.values()),
    'not indexed': chunks.filter(is_indexed=False).count(),
    'index is exact': set(store.ids()) == set(chunks.values_list('id', flat=True)),
    'counts': sorted(DocumentVersion.unscoped.filter(document__collection=found)
                     .values_list('chunk_count', 'embedded_count')),
    'active': Document.unscoped.filter(collection=found, active_version=None).count(),
}
store.close()
"""


def write_documents(
    folder: Path, seed: int, *, count: int = DOCUMENTS, paragraphs: int = 60
) -> list[Path]:
    """Documents of several chunks each; the same ones for the same numbers."""
    draw = random.Random(seed)
    paths = []
    for number in range(count):
        path = folder / f"{seed}-{number}.txt"
        sentences = (
            " ".join(draw.choices(WORDS, k=12)).capitalize() + "." for _ in range(paragraphs)
        )
        path.write_text("\n\n".join(sentences))
        paths.append(path)
    return paths


def facts(stack: IngestStack, collection: str) -> dict[str, Any]:
    """What the database and the index files hold of the collection, without ids and times."""
    return stack.portal.run(CHECK, collection=collection)

from django.apps import AppConfig

from altiplano.kernel.attention import register_attention
from altiplano.kernel.bulk_deletion import register_large_tables


class KnowledgeConfig(AppConfig):
    name = "altiplano.knowledge"
    label = "knowledge"

    def ready(self) -> None:
        from altiplano.catalog.uses import register_uses
        from altiplano.knowledge.attention import documents_that_failed
        from altiplano.knowledge.models import Chunk, Document, DocumentVersion
        from altiplano.knowledge.uses import collections_that_name

        register_attention(documents_that_failed)
        register_uses("collections", collections_that_name)
        register_large_tables(Chunk, DocumentVersion, Document)

from django.apps import AppConfig

from altiplano.kernel.attention import register_attention
from altiplano.kernel.bulk_deletion import register_large_tables


class KnowledgeConfig(AppConfig):
    name = "altiplano.knowledge"
    label = "knowledge"

    def ready(self) -> None:
        from altiplano.knowledge.attention import documents_that_failed
        from altiplano.knowledge.models import Chunk, Document, DocumentVersion

        register_attention(documents_that_failed)
        register_large_tables(Chunk, DocumentVersion, Document)

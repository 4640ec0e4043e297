from django.apps import AppConfig

from altiplano.kernel.attention import register_attention


class KnowledgeConfig(AppConfig):
    name = "altiplano.knowledge"
    label = "knowledge"

    def ready(self) -> None:
        from altiplano.knowledge.attention import documents_that_failed

        register_attention(documents_that_failed)

from django.apps import AppConfig

from altiplano.kernel.attention import register_attention


class CatalogConfig(AppConfig):
    name = "altiplano.catalog"
    label = "catalog"

    def ready(self) -> None:
        from altiplano.catalog.attention import plugins_to_see_to

        register_attention(plugins_to_see_to)

from django.apps import AppConfig

from altiplano.kernel.attention import register_attention


class StudioConfig(AppConfig):
    name = "altiplano.studio"
    label = "studio"

    def ready(self) -> None:
        from altiplano.studio.attention import apps_to_publish

        register_attention(apps_to_publish)

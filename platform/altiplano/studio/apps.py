from django.apps import AppConfig

from altiplano.kernel.attention import register_attention


class StudioConfig(AppConfig):
    name = "altiplano.studio"
    label = "studio"

    def ready(self) -> None:
        from altiplano.catalog.uses import register_app_count, register_uses
        from altiplano.studio.attention import apps_to_publish
        from altiplano.studio.uses import apps_that_name, count_apps_published_with

        register_attention(apps_to_publish)
        register_uses("apps", apps_that_name)
        register_app_count(count_apps_published_with)

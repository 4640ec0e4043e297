from django.apps import AppConfig

from altiplano.kernel.attention import register_attention


class RunsConfig(AppConfig):
    name = "altiplano.runs"
    label = "runs"

    def ready(self) -> None:
        from altiplano.runs.attention import reports_to_read

        register_attention(reports_to_read)

from django.apps import AppConfig

from altiplano.kernel.attention import register_attention
from altiplano.kernel.bulk_deletion import register_large_tables
from altiplano.web.landing import register_landing_source


class RunsConfig(AppConfig):
    name = "altiplano.runs"
    label = "runs"

    def ready(self) -> None:
        from altiplano.runs.attention import reports_to_read
        from altiplano.runs.domain.forgetting import watch_accounts
        from altiplano.runs.interfaces.trial import trial_of
        from altiplano.runs.landing import find_landing_app
        from altiplano.runs.models import Run
        from altiplano.studio.trial import register_trial

        register_attention(reports_to_read)
        register_landing_source(find_landing_app)
        register_large_tables(Run)
        register_trial(trial_of)
        watch_accounts()

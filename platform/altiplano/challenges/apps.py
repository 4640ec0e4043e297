from typing import Any

from django.apps import AppConfig
from django.db import connections
from django.db.models.signals import post_migrate


class ChallengesConfig(AppConfig):
    name = "altiplano.challenges"
    label = "challenges"

    def ready(self) -> None:
        from altiplano.challenges.landing import open_edition
        from altiplano.web.landing import register_landing_part

        post_migrate.connect(_set_guards, sender=self)
        register_landing_part(open_edition)


def _set_guards(*, using: str, **_: Any) -> None:
    from altiplano.accounts.consent_guards import set_guards
    from altiplano.challenges.freeze_guards import FREEZE_GUARDS

    set_guards(connections[using], FREEZE_GUARDS)

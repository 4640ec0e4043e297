from typing import Any

from django.apps import AppConfig
from django.db import connections
from django.db.models.signals import post_migrate

from altiplano.kernel.attention import register_attention


class AccountsConfig(AppConfig):
    name = "altiplano.accounts"
    label = "accounts"

    def ready(self) -> None:
        from altiplano.accounts.attention import texts_to_accept

        post_migrate.connect(_set_guards, sender=self)
        register_attention(texts_to_accept)


def _set_guards(*, using: str, **_: Any) -> None:
    from altiplano.accounts.consent_guards import set_guards

    set_guards(connections[using])

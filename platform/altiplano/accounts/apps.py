from django.apps import AppConfig


class AccountsConfig(AppConfig):
    name = "altiplano.accounts"
    label = "accounts"

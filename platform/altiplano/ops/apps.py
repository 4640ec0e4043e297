from django.apps import AppConfig


class OpsConfig(AppConfig):
    name = "altiplano.ops"
    label = "ops"

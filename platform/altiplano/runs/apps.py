from django.apps import AppConfig


class RunsConfig(AppConfig):
    name = "altiplano.runs"
    label = "runs"

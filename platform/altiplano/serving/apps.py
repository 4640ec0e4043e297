from django.apps import AppConfig


class ServingConfig(AppConfig):
    name = "altiplano.serving"
    label = "serving"

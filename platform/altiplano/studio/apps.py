from django.apps import AppConfig


class StudioConfig(AppConfig):
    name = "altiplano.studio"
    label = "studio"

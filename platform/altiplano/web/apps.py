from django.apps import AppConfig


class WebConfig(AppConfig):
    name = "altiplano.web"
    label = "web"

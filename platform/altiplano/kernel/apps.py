from django.apps import AppConfig


class KernelConfig(AppConfig):
    name = "altiplano.kernel"
    label = "kernel"

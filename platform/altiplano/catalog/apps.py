from django.apps import AppConfig


class CatalogConfig(AppConfig):
    name = "altiplano.catalog"
    label = "catalog"

from django.apps import AppConfig


class KnowledgeConfig(AppConfig):
    name = "altiplano.knowledge"
    label = "knowledge"

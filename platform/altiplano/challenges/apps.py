from django.apps import AppConfig


class ChallengesConfig(AppConfig):
    name = "altiplano.challenges"
    label = "challenges"

"""OpenAI's chat protocol, mounted under ``/v1``."""

from django.urls import path

from altiplano.runs.interfaces import openai

app_name = "openai"
urlpatterns = [
    path("models", openai.list_models, name="model-list"),
    path("models/<str:organization>/<str:app>", openai.read_model, name="model-detail"),
    path("chat/completions", openai.chat_completions, name="chat-completions"),
]

"""Apps as MCP servers, mounted under ``/mcp``."""

from django.urls import path

from altiplano.runs.interfaces.mcp import views

app_name = "mcp"
urlpatterns = [path("<str:organization>/<str:app>", views.serve_app, name="server")]

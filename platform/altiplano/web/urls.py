"""Routes that belong to no area."""

from django.urls import path

from altiplano.web import views

app_name = "web"
urlpatterns = [path("", views.show_landing, name="landing")]

"""Pages of this area."""

from django.urls import path

from altiplano.runs.interfaces import views

app_name = "runs"
urlpatterns = [
    path("apps/<str:app_id>/", views.chat, name="chat"),
    path("runs/<str:run_id>/", views.show_run, name="run-detail"),
    path("runs/<str:run_id>/cancel/", views.cancel, name="run-cancel"),
    path("runs/<str:run_id>/feedback/", views.judge, name="run-judge"),
]

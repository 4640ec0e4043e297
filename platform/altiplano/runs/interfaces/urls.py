"""Pages of this area."""

from django.urls import path

from altiplano.runs.interfaces import (
    history,
    report_pages,
    sources,
    tracing,
    trial,
    usage_views,
    views,
)
from altiplano.runs.interfaces.usage_files import FILES

app_name = "runs"
urlpatterns = [
    path("apps/<str:app_id>/", views.chat, name="chat"),
    path("apps/<str:app_id>/trial/", trial.ask_draft, name="trial"),
    path("apps/<str:app_id>/trial/<str:run_id>/", trial.show_trial, name="trial-run"),
    path(
        "apps/<str:app_id>/trial/<str:run_id>/decision/", trial.decide_in_trial, name="trial-decide"
    ),
    path("conversations/", history.list_conversations, name="conversations"),
    path("conversations/<str:conversation_id>/", history.open_conversation, name="conversation"),
    path("conversations/<str:conversation_id>/rename/", history.rename, name="conversation-rename"),
    path("conversations/<str:conversation_id>/delete/", history.delete, name="conversation-delete"),
    path("reports/", report_pages.list_reports, name="reports"),
    path("reports/<str:report_id>/close/", report_pages.close, name="report-close"),
    path("runs/<str:run_id>/", views.show_run, name="run-detail"),
    path("runs/<str:run_id>/trace/", tracing.show_trace, name="run-trace"),
    path("runs/<str:run_id>/cancel/", views.cancel, name="run-cancel"),
    path("runs/<str:run_id>/decision/", views.decide, name="run-decide"),
    path("runs/<str:run_id>/feedback/", views.judge, name="run-judge"),
    path("runs/<str:run_id>/report/", views.report, name="run-report"),
    path("runs/<str:run_id>/sources/<str:document_id>/", sources.show_source, name="run-source"),
    path("usage/", usage_views.show_usage, name="usage"),
    *(
        path(f"usage/{name}.csv", usage_views.save_usage, {"table": name}, name=f"usage-{name}")
        for name in FILES
    ),
]

"""The page “Share” of an app."""

from django.urls import path

from altiplano.studio.interfaces import sharing_views as views

SHARE = "apps/<str:app_id>/share/"

urlpatterns = [
    path(SHARE, views.share_publicly, name="share"),
    path(f"{SHARE}open/", views.open_app, name="share-open"),
    path(f"{SHARE}close/", views.close_app, name="share-close"),
    path(f"{SHARE}look/", views.save_appearance, name="share-look"),
    path(f"{SHARE}limits/", views.save_allowance, name="share-limits"),
    path(f"{SHARE}website/", views.share_on_websites, name="share-website"),
    path(f"{SHARE}preview/", views.preview_widget, name="share-preview"),
    path(f"{SHARE}api/", views.share_with_programs, name="share-api"),
    path(f"{SHARE}address.svg", views.download_qr_code, {"kind": "svg"}, name="share-svg"),
    path(f"{SHARE}address.png", views.download_qr_code, {"kind": "png"}, name="share-png"),
]

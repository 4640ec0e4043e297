"""Pages of this area."""

from django.urls import path

from altiplano.accounts.interfaces import views

app_name = "accounts"
urlpatterns = [
    path("keys/", views.list_tokens, name="token-list"),
    path("keys/<str:token_id>/revoke/", views.revoke, name="token-revoke"),
    path("organizations/new/", views.add_organization, name="organization-create"),
    path("organizations/switch/", views.switch_organization, name="organization-switch"),
]

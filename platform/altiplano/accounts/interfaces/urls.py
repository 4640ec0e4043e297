"""Pages of this area, and the views that stand before those of django-allauth."""

from django.urls import path

from altiplano.accounts.interfaces import (
    consent_views,
    legal_views,
    member_views,
    organization_views,
    profile_views,
    views,
)

app_name = "accounts"
urlpatterns = [
    path("keys/", views.list_tokens, name="token-list"),
    path("keys/<str:token_id>/revoke/", views.revoke, name="token-revoke"),
    path("organizations/new/", views.add_organization, name="organization-create"),
    path("organizations/switch/", views.switch_organization, name="organization-switch"),
    path("organization/", organization_views.settings, name="organization"),
    path("organization/delete/", organization_views.delete, name="organization-delete"),
    path("organization/history/", organization_views.show_history, name="history"),
    path("organization/consents/", consent_views.show_consents, name="consents"),
    path(
        "organization/consents/consents.csv",
        consent_views.download_consents,
        name="consents-file",
    ),
    path(
        "organization/consents/give/<slug:document>/<str:number>/",
        consent_views.give,
        name="consent-give",
    ),
    path(
        "organization/consents/<str:consent_id>/withdraw/",
        consent_views.withdraw,
        name="consent-withdraw",
    ),
    path("legal/", legal_views.list_documents, name="legal"),
    path("legal/<slug:document>/", legal_views.show_document, name="legal-document"),
    path("legal/<slug:document>/<str:number>/", legal_views.show_version, name="legal-version"),
    path(
        "legal/<slug:document>/<str:number>/changes/",
        legal_views.show_changes,
        name="legal-changes",
    ),
    path(
        "legal/<slug:document>/<str:number>/<str:language>.txt",
        legal_views.download_text,
        name="legal-text",
    ),
    path("members/", member_views.show_members, name="members"),
    path("members/<str:member_id>/role/", member_views.change_role, name="member-role"),
    path("members/<str:member_id>/remove/", member_views.remove, name="member-remove"),
    path("invitations/<str:invitation_id>/send/", member_views.send_again, name="invitation-send"),
    path(
        "invitations/<str:invitation_id>/withdraw/",
        member_views.withdraw,
        name="invitation-withdraw",
    ),
    path("join/<str:token>/", member_views.join, name="join"),
    path("profile/", profile_views.show_profile, name="profile"),
    path("profile/delete/", profile_views.delete, name="profile-delete"),
    path("mail/", profile_views.show_mails, name="mails"),
]

"""Addresses of django-allauth at which our own views answer; then all of its own."""

from django.urls import include, path, re_path

from altiplano.accounts.interfaces import profile_views, sign_in

urlpatterns = [
    re_path(
        r"^confirm-email/(?P<key>[-:\w]+)/$",
        sign_in.ConfirmEmailLinkView.as_view(),
        name="account_confirm_email",
    ),
    re_path(
        r"^password/reset/key/(?P<uidb36>[0-9A-Za-z]+)-(?P<key>.+)/$",
        sign_in.PasswordResetLinkView.as_view(),
        name="account_reset_password_from_key",
    ),
    path("oidc/<str:provider_id>/login/", sign_in.go_to_provider, name="openid_connect_login"),
    path(
        "oidc/<str:provider_id>/login/callback/",
        sign_in.return_from_provider,
        name="openid_connect_callback",
    ),
    path("sessions/", profile_views.show_browsers, name="usersessions_list"),
    path("", include("allauth.urls")),
]

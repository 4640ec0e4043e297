"""How allauth treats people here: their language, their second factors, their provider's word."""

import base64
import hashlib
import hmac
import io
from functools import cache
from typing import Any

import segno
from allauth.account.adapter import DefaultAccountAdapter
from allauth.core.exceptions import ImmediateHttpResponse
from allauth.mfa.adapter import DefaultMFAAdapter
from allauth.socialaccount.adapter import DefaultSocialAccountAdapter
from cryptography.fernet import Fernet, InvalidToken
from django.conf import settings
from django.http import HttpRequest
from django.shortcuts import render
from django.utils.translation import get_language
from django.utils.translation import gettext_lazy as _

from altiplano.accounts.models import User
from altiplano.kernel.errors import ConflictError

NAME_CHARS = 200


class AccountAdapter(DefaultAccountAdapter):  # type: ignore[misc]
    """People start in the language in which they signed up."""

    def save_user(self, request: HttpRequest, user: User, form: Any, commit: bool = True) -> User:
        user.language = get_language() or ""
        self.keep_proof_for(request, form.cleaned_data["email"])
        saved: User = super().save_user(request, user, form, commit)
        return saved

    def keep_proof_for(self, request: HttpRequest, email: str) -> None:
        """What an invitation's link has proved counts for the very address that it was sent to.

        Left alone, allauth would give the new account that address beside the one asked for.
        """
        if not self.is_email_verified(request, email):
            self.unstash_verified_email(request)


class SecondFactorAdapter(DefaultMFAAdapter):  # type: ignore[misc]
    """Secrets of second factors are sealed under a key derived from ``SECRET_KEY``."""

    def encrypt(self, text: str) -> str:
        return _fernet(settings.SECRET_KEY).encrypt(text.encode()).decode()

    def decrypt(self, encrypted_text: str) -> str:
        try:
            return _fernet(settings.SECRET_KEY).decrypt(encrypted_text.encode()).decode()
        except InvalidToken:
            raise ConflictError(
                _(
                    "Your second factor can no longer be read, because the platform's secret key "
                    "has changed. Ask the operator to remove it."
                ),
                code="second_factor_unreadable",
            ) from None

    def build_totp_svg(self, url: str) -> str:
        """Dark on light with its quiet zone, so that phones read it from a dark page too."""
        drawn = io.BytesIO()
        segno.make(url, error="m").save(drawn, kind="svg", scale=5, light="#fff", xmldecl=False)
        return drawn.getvalue().decode()

    def get_public_key_credential_rp_entity(self) -> dict[str, str]:
        return {**super().get_public_key_credential_rp_entity(), "name": settings.MFA_TOTP_ISSUER}


@cache
def _fernet(secret: str) -> Fernet:
    key = hmac.new(secret.encode(), b"altiplano second factors", hashlib.sha256).digest()
    return Fernet(base64.urlsafe_b64encode(key))


class ProviderAdapter(DefaultSocialAccountAdapter):  # type: ignore[misc]
    """Who signs in through a provider is known by an address that the provider has verified."""

    def pre_social_login(self, request: HttpRequest, sociallogin: Any) -> None:
        """Lets known people pass, and strangers with a verified address.

        Others are refused alike, whether or not there is an account with their address.
        """
        AccountAdapter(request).keep_proof_for(request, sociallogin.user.email)
        if sociallogin.is_existing or request.user.is_authenticated:
            return
        if not any(address.verified for address in sociallogin.email_addresses):
            raise ImmediateHttpResponse(
                render(
                    request,
                    "socialaccount/unverified_address.html",
                    {"provider": sociallogin.provider},
                    status=403,
                )
            )

    def populate_user(self, request: HttpRequest, sociallogin: Any, data: dict[str, Any]) -> User:
        user: User = super().populate_user(request, sociallogin, data)
        user.email = user.email.lower()
        user.name = str(data.get("name") or "")[:NAME_CHARS]
        user.language = get_language() or ""
        return user

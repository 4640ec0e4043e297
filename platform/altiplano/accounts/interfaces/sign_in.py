"""What is ours about signing in: dead links say so by their status, and a provider's word is checked.

The addresses and names are those of django-allauth's own views, which these stand before.
"""

from typing import Any

from allauth.account.views import ConfirmEmailView, PasswordResetFromKeyView
from allauth.socialaccount.internal import jwtkit
from allauth.socialaccount.models import SocialApp
from allauth.socialaccount.providers.oauth2.client import OAuth2Error
from allauth.socialaccount.providers.oauth2.views import OAuth2CallbackView, OAuth2LoginView
from allauth.socialaccount.providers.openid_connect.views import OpenIDConnectOAuth2Adapter
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from requests import RequestException


class PasswordResetLinkView(PasswordResetFromKeyView):  # type: ignore[misc]
    """A link that was used, has expired or was never sent answers 400 and how to get another."""

    def render_to_response(self, context: dict[str, Any], **kwargs: Any) -> HttpResponse:
        if context.get("token_fail"):
            kwargs["status"] = 400
        response: HttpResponse = super().render_to_response(context, **kwargs)
        return response


class ConfirmEmailLinkView(ConfirmEmailView):  # type: ignore[misc]
    """A link that has expired or was never sent answers 400 and how to get another."""

    def post(self, *args: Any, **kwargs: Any) -> HttpResponse:
        try:
            response: HttpResponse = super().post(*args, **kwargs)
        except Http404:
            self.object = None
            return self.render_to_response(self.get_context_data())
        return response

    def render_to_response(self, context: dict[str, Any], **kwargs: Any) -> HttpResponse:
        if not context.get("can_confirm"):
            kwargs["status"] = 400
        response: HttpResponse = super().render_to_response(context, **kwargs)
        return response


class CheckedProvider(OpenIDConnectOAuth2Adapter):  # type: ignore[misc]
    """Takes the provider's word only when it is signed, and about one person."""

    def complete_login(self, request: HttpRequest, app: Any, token: Any, **kwargs: Any) -> Any:
        """The sign-in of the person whom the ID token names. Raises OAuth2Error for anything odd.

        The specification allows trusting an unsigned token over TLS; checking costs nothing. What
        else the provider tells of the person must be about the same one, and only ``true`` means
        that an address is verified.
        """
        raw = kwargs["response"].get("id_token")
        if not raw:
            raise OAuth2Error("The provider sent no ID token.")
        claims = self._decode_id_token(app, raw)
        userinfo = self._fetch_user_info(token.token)
        if not isinstance(userinfo, dict) or not claims.get("sub"):
            raise OAuth2Error("The provider named nobody.")
        if userinfo.get("sub") != claims["sub"]:
            raise OAuth2Error("The provider spoke of two different people.")
        userinfo["email_verified"] = userinfo.get("email_verified") is True
        return self.get_provider().sociallogin_from_response(
            request, {"userinfo": userinfo, "id_token": claims}
        )

    def _decode_id_token(self, app: Any, id_token: str) -> dict[str, Any]:
        try:
            claims: dict[str, Any] = jwtkit.verify_and_decode(
                credential=id_token,
                keys_url=self.openid_config["jwks_uri"],
                issuer=self.openid_config["issuer"],
                audience=app.client_id,
                lookup_kid=jwtkit.lookup_kid_jwk,
            )
        except KeyError as error:
            raise OAuth2Error(f"The ID token or its keys lack {error}.") from None
        return claims


def go_to_provider(request: HttpRequest, provider_id: str) -> HttpResponse:
    """A page that sends the person on to the provider.

    Not a redirect: the content security policy lets forms end on our own pages only, wherever a
    redirect may lead.
    """
    try:
        response = _with_provider(OAuth2LoginView, request, provider_id)
    except RequestException:
        return render(request, "socialaccount/authentication_error.html", status=503)
    if response.status_code != 302 or request.method != "POST":
        return response
    address = response["Location"]
    page = render(request, "socialaccount/leaving.html", {"address": address})
    page["Refresh"] = f"0; url={address}"
    return page


def return_from_provider(request: HttpRequest, provider_id: str) -> HttpResponse:
    """The provider has sent the person back: signed in, signed up, or told why not."""
    return _with_provider(OAuth2CallbackView, request, provider_id)


def _with_provider(view: Any, request: HttpRequest, provider_id: str) -> HttpResponse:
    try:
        response: HttpResponse = view.adapter_view(CheckedProvider(request, provider_id))(request)
    except SocialApp.DoesNotExist:
        raise Http404 from None
    return response

"""How allauth treats accounts here."""

from allauth.account.adapter import DefaultAccountAdapter


class AccountAdapter(DefaultAccountAdapter):  # type: ignore[misc]
    """The platform's own adapter; e-mail confirmation and sign-up rules belong here."""

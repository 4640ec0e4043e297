"""Every page of the portal, once: what the accessibility, size and picture runs go through.

A new page is a row here, or ``tests/contract/test_pages.py`` fails. ``{name}`` in an address is
filled from ``places.py``.
"""

from dataclasses import dataclass
from enum import Enum


class Visitor(Enum):
    """Who looks at the page."""

    STRANGER = "nobody signed in"
    OWNER = "the demo's owner"
    OPERATOR = "staff of the platform"


@dataclass(frozen=True, slots=True)
class PortalPage:
    """A page, by a short name that pictures are called by, with its address on the platform."""

    name: str
    address: str
    visitor: Visitor = Visitor.OWNER

    def __str__(self) -> str:
        return self.name


PAGES = (
    PortalPage("landing", "/", Visitor.STRANGER),
    PortalPage("sign-in", "/accounts/login/", Visitor.STRANGER),
    PortalPage("sign-up", "/accounts/signup/", Visitor.STRANGER),
    PortalPage("forgotten-password", "/accounts/password/reset/", Visitor.STRANGER),
    PortalPage("reset-mail-sent", "/accounts/password/reset/done/", Visitor.STRANGER),
    PortalPage("password-is-new", "/accounts/password/reset/key/done/", Visitor.STRANGER),
    PortalPage("dead-reset-link", "/accounts/password/reset/key/0-x/", Visitor.STRANGER),
    PortalPage("dead-confirmation", "/accounts/confirm-email/x/", Visitor.STRANGER),
    PortalPage("mail-on-its-way", "/accounts/confirm-email/", Visitor.STRANGER),
    PortalPage("closed-account", "/accounts/inactive/", Visitor.STRANGER),
    PortalPage("provider-cancelled", "/accounts/3rdparty/login/cancelled/", Visitor.STRANGER),
    PortalPage("provider-failed", "/accounts/3rdparty/login/error/", Visitor.STRANGER),
    PortalPage("dead-invitation", "/join/x/", Visitor.STRANGER),
    PortalPage("invitation", "/join/{invitation}/", Visitor.STRANGER),
    PortalPage("mails", "/mail/", Visitor.STRANGER),
    PortalPage("legal", "/legal/", Visitor.STRANGER),
    PortalPage("legal-document", "/legal/{legal}/", Visitor.STRANGER),
    PortalPage("legal-version", "/legal/{legal}/1/", Visitor.STRANGER),
    PortalPage("legal-changes", "/legal/{legal}/3/changes/?from=1", Visitor.STRANGER),
    PortalPage("challenge", "/challenge/", Visitor.STRANGER),
    PortalPage("challenge-edition", "/challenge/{edition}/", Visitor.STRANGER),
    PortalPage("home", "/home/"),
    PortalPage("collection-list", "/collections/"),
    PortalPage("collection", "/collections/{collection}/"),
    PortalPage("collection-search", "/collections/{collection}/search/?q=compost&mode=lexical"),
    PortalPage("collection-reading", "/collections/{collection}/reading/?part=splitter"),
    PortalPage("collection-sources", "/collections/{collection}/sources/"),
    PortalPage("collection-source-new", "/collections/{collection}/sources/?plugin={loader}"),
    PortalPage("collection-source", "/sources/{brought_from}/"),
    PortalPage("collection-settings", "/collections/{collection}/settings/"),
    PortalPage("collection-delete", "/collections/{collection}/delete/"),
    PortalPage("collection-new", "/collections/new/"),
    PortalPage("document", "/documents/{document}/"),
    PortalPage("document-search", "/documents/{document}/?q=the"),
    PortalPage("chat", "/apps/{app}/"),
    PortalPage("answer", "/runs/{run}/"),
    PortalPage("answer-to-read", "/runs/{run}/?view=reading"),
    PortalPage("answer-trace", "/runs/{run}/trace/"),
    PortalPage("answer-source", "/runs/{run}/sources/{source}"),
    PortalPage("conversations", "/conversations/"),
    PortalPage("conversation-delete", "/conversations/{conversation}/delete/"),
    PortalPage("reports", "/reports/"),
    PortalPage("apps", "/apps/"),
    PortalPage("app-build", "/apps/{app}/build/"),
    PortalPage("app-build-trial", "/apps/{app}/build/?stage=2&run={run}"),
    PortalPage("app-versions", "/apps/{app}/versions/"),
    PortalPage("app-compare", "/apps/{app}/versions/compare/?from=1&to=draft"),
    PortalPage("app-restore", "/apps/{app}/versions/1/restore/"),
    PortalPage("app-publish", "/apps/{app}/publish/"),
    PortalPage("app-delete", "/apps/{app}/delete/"),
    PortalPage("plugins", "/plugins/"),
    PortalPage("plugins-installed", "/plugins/mine/installed/"),
    PortalPage("plugins-own", "/plugins/mine/"),
    PortalPage("plugins-own-releases", "/plugins/mine/packages/{plugin}/"),
    PortalPage("plugins-keys", "/plugins/mine/keys/"),
    PortalPage("plugin", "/plugins/{plugin}/"),
    PortalPage("plugin-offered", "/plugins/{offered_plugin}/"),
    PortalPage("plugin-install", "/plugins/{offered_plugin}/install/"),
    PortalPage("plugin-rights", "/plugins/{plugin}/grants/"),
    PortalPage("plugin-upgrade", "/plugins/{plugin}/upgrade/"),
    PortalPage("plugin-uninstall", "/plugins/{plugin}/uninstall/"),
    PortalPage("app", "/apps/{app}/about/"),
    PortalPage("share", "/apps/{app}/share/"),
    PortalPage("share-website", "/apps/{app}/share/website/"),
    PortalPage("share-preview", "/apps/{app}/share/preview/"),
    PortalPage("share-api", "/apps/{app}/share/api/"),
    PortalPage("public-chat", "/a/{public}/", Visitor.STRANGER),
    PortalPage("public-frame", "/a/{public}/embed/", Visitor.STRANGER),
    PortalPage("visitor-answer", "/{visit}/", Visitor.STRANGER),
    PortalPage("visitor-source", "/{visited_source}", Visitor.STRANGER),
    PortalPage("visitor-document", "/{visited_document}", Visitor.STRANGER),
    PortalPage("app-new", "/apps/new/"),
    PortalPage("api-keys", "/keys/"),
    PortalPage("organization-new", "/organizations/new/"),
    PortalPage("usage", "/usage/"),
    PortalPage("members", "/members/"),
    PortalPage("member-role", "/members/{member}/role/"),
    PortalPage("member-remove", "/members/{member}/remove/"),
    PortalPage("organization", "/organization/"),
    PortalPage("organization-delete", "/organization/delete/"),
    PortalPage("consents", "/organization/consents/"),
    PortalPage("consent-give", "/organization/consents/give/{legal}/2/?next=/apps/"),
    PortalPage("consent-withdraw", "/organization/consents/{consent}/withdraw/"),
    PortalPage("history", "/organization/history/"),
    PortalPage("profile", "/profile/"),
    PortalPage("profile-delete", "/profile/delete/"),
    PortalPage("my-address", "/accounts/email/"),
    PortalPage("my-password", "/accounts/password/change/"),
    PortalPage("my-second-factor", "/accounts/2fa/"),
    PortalPage("my-phone-code", "/accounts/2fa/totp/activate/"),
    PortalPage("my-passkeys", "/accounts/2fa/webauthn/"),
    PortalPage("my-passkey-new", "/accounts/2fa/webauthn/add/"),
    PortalPage("my-providers", "/accounts/3rdparty/"),
    PortalPage("my-browsers", "/accounts/sessions/"),
    PortalPage("sign-out", "/accounts/logout/"),
    PortalPage("is-it-you", "/accounts/reauthenticate/"),
    PortalPage("not-found", "/nowhere/"),
)

# Staff's own, in the style of its framework; test_admin_story.py says how these pages behave, and
# test_dashboard_manners.py walks through all of them.
DASHBOARD = (
    PortalPage("dashboard", "/admin/", Visitor.OPERATOR),
    PortalPage("dashboard-everything", "/admin/everything/", Visitor.OPERATOR),
    PortalPage("dashboard-queue", "/admin/queues/runs/", Visitor.OPERATOR),
    PortalPage("dashboard-jobs", "/admin/kernel/job/", Visitor.OPERATOR),
    PortalPage("dashboard-run", "/admin/runs/run/{run}/change/", Visitor.OPERATOR),
    PortalPage(
        "dashboard-review",
        "/admin/catalog/packagerelease/{reviewed_release}/change/",
        Visitor.OPERATOR,
    ),
    PortalPage("dashboard-audit", "/admin/accounts/auditevent/", Visitor.OPERATOR),
    PortalPage("dashboard-limits", "/admin/kernel/organizationlimits/", Visitor.OPERATOR),
    PortalPage("dashboard-limits-new", "/admin/kernel/organizationlimits/add/", Visitor.OPERATOR),
    PortalPage("dashboard-rights", "/admin/auth/group/add/", Visitor.OPERATOR),
    PortalPage("dashboard-people", "/admin/accounts/user/", Visitor.OPERATOR),
    PortalPage("dashboard-legal-texts", "/admin/accounts/legaltext/", Visitor.OPERATOR),
    PortalPage("dashboard-editions", "/admin/challenges/edition/", Visitor.OPERATOR),
    PortalPage("dashboard-edition-new", "/admin/challenges/edition/add/", Visitor.OPERATOR),
)

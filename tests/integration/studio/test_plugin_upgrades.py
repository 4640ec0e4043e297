"""A newer release of a plugin: what it would change is said first, and what is published stays."""

import pytest

from altiplano.accounts.models import AuditEvent
from altiplano.catalog.domain.installing import GrantWish
from altiplano.catalog.domain.reviewing import recall_release
from altiplano.catalog.package_models import Installation, PackageRelease, PackageState
from altiplano.catalog.pins import config_hash
from altiplano.catalog.queries import installed_releases
from altiplano.kernel.errors import ConflictError, NotAllowedError
from altiplano.studio.domain.draft_plugins import attach_draft
from altiplano.studio.domain.plugin_upgrades import preview_upgrade, upgrade_plugin
from altiplano.studio.domain.versions import freeze_version, publish_draft, publish_version
from altiplano.studio.models import App
from altiplano.studio.pipeline_templates import CHAT
from altiplano.studio.pipelines import Stage, to_stored
from altiplano.studio.plugins import pin_draft
from altiplano.studio.queries import draft_is_ahead
from altiplano.studio.uses import count_apps_published_with
from tests.factories.packages import InstallationFactory, PackageReleaseFactory, publish
from tests.factories.studio import AppFactory, report_all_plugins

pytestmark = pytest.mark.django_db

LONGER = {
    "type": "object",
    "properties": {"length": {"type": "integer", "minimum": 1}, "tone": {"type": "string"}},
    "required": ["tone"],
}
MOVES = [{"to": "2.0.0", "kind": "guard", "rename": {"words": "length"}}]


@pytest.fixture
def installed(alice) -> Installation:
    report_all_plugins()
    release = publish("glossary-guard")
    return InstallationFactory(organization=alice.organization, release=release)


@pytest.fixture
def app(alice, installed) -> App:
    stages = (*CHAT.stages, Stage("guard", "glossary-guard", {"words": 5}))
    return AppFactory(
        organization=alice.organization, name="Garden", draft_pipeline=to_stored(stages)
    )


def newer(**changes) -> PackageRelease:
    return publish(
        "glossary-guard",
        "2.0.0",
        schemas={"guard": LONGER},
        manifest_changes={"config_migrations": MOVES, **changes},
    )


def latest(installation: Installation) -> Installation:
    return Installation.unscoped.select_related("package__current", "release").get(
        pk=installation.pk
    )


def test_version_pins_the_release_and_what_it_was_set_to(alice, app, installed):
    version = freeze_version(principal=alice.principal, app_id=app.id)
    assert version.plugins == [
        {
            "kind": "guard",
            "plugin": "glossary-guard",
            "release": str(installed.release_id),
            "version": "1.0.0",
            "digest": installed.release.digest,
            "config_hash": config_hash({"words": 5}),
        }
    ]


def test_preview_names_the_app_its_new_settings_and_what_is_missing(alice, app, installed):
    publish_draft(principal=alice.principal, app_id=app.id)
    newer()
    preview = preview_upgrade(alice.organization.id, latest(installed))
    (change,) = preview.apps
    assert (change.app, change.is_in_draft, change.published_with) == (app, True, "1.0.0")
    assert {setting.after for setting in change.stages[0].settings} >= {"5"}
    assert any("tone" in problem for problem in change.problems)
    app.refresh_from_db()
    assert app.draft_pipeline["stages"][-1]["config"] == {"words": 5}, "nothing was changed"


def test_upgrade_moves_drafts_and_leaves_what_is_published(alice, app, installed):
    publish_draft(principal=alice.principal, app_id=app.id)
    newer()
    changed = upgrade_plugin(
        principal=alice.principal, slug="glossary-guard", version="2.0.0", wish=GrantWish()
    )
    assert [each.id for each in changed] == [app.id]
    app.refresh_from_db()
    assert app.draft_pipeline["stages"][-1]["config"] == {"length": 5}
    assert app.revisions.filter(number=app.draft_revision).exists()
    assert app.published_version.plugins[0]["version"] == "1.0.0"
    assert pin_draft(app)[0]["version"] == "2.0.0"
    assert draft_is_ahead(app, installed_releases(alice.organization.id))
    event = AuditEvent.objects.get(action="plugin.upgraded")
    assert (event.data["from"], event.data["version"]) == ("1.0.0", "2.0.0")


def test_same_settings_under_a_newer_release_are_a_new_version(alice, app, installed):
    first = publish_draft(principal=alice.principal, app_id=app.id).published_version
    publish("glossary-guard", "1.1.0")
    upgrade_plugin(
        principal=alice.principal, slug="glossary-guard", version="1.1.0", wish=GrantWish()
    )
    second = publish_draft(principal=alice.principal, app_id=app.id).published_version
    assert second.number == first.number + 1
    assert second.plugins[0]["version"] == "1.1.0"
    again = publish_draft(principal=alice.principal, app_id=app.id).published_version
    assert again == second


def test_older_version_may_be_published_again_until_its_release_is_recalled(
    alice, app, installed, django_user_model
):
    publish_draft(principal=alice.principal, app_id=app.id)
    publish("glossary-guard", "1.1.0")
    upgrade_plugin(
        principal=alice.principal, slug="glossary-guard", version="1.1.0", wish=GrantWish()
    )
    publish_draft(principal=alice.principal, app_id=app.id)
    back = publish_version(principal=alice.principal, app_id=app.id, number=1)
    assert back.published_version.number == 1
    operator = django_user_model.objects.create_superuser("operator@example.org")
    recall_release(actor=operator, release_id=installed.release_id, reason="It leaks.")
    publish_version(principal=alice.principal, app_id=app.id, number=2)
    with pytest.raises(ConflictError, match="glossary-guard"):
        publish_version(principal=alice.principal, app_id=app.id, number=1)


def test_upgrade_is_refused_when_another_release_came_meanwhile(alice, app, installed):
    newer()
    with pytest.raises(ConflictError) as refused:
        upgrade_plugin(
            principal=alice.principal, slug="glossary-guard", version="1.1.0", wish=GrantWish()
        )
    assert refused.value.code == "release_changed"


def test_newest_release_needs_no_upgrade(alice, installed):
    with pytest.raises(ConflictError) as refused:
        preview_upgrade(alice.organization.id, latest(installed))
    assert refused.value.code == "not_newer"


def test_builder_may_not_upgrade(bob, app, installed):
    newer()
    with pytest.raises(NotAllowedError):
        upgrade_plugin(
            principal=bob.principal, slug="glossary-guard", version="2.0.0", wish=GrantWish()
        )


def test_page_shows_the_preview_and_upgrades(alice, app, installed):
    publish_draft(principal=alice.principal, app_id=app.id)
    newer(grants={"model_use": True})
    browser = alice.browser
    browser.handler.enforce_csrf_checks = False
    shown = " ".join(browser.get("/plugins/glossary-guard/upgrade/").content.decode().split())
    assert "from 1.0.0 to 2.0.0" in shown
    assert "Garden" in shown
    assert "goes on answering with 1.0.0" in shown
    assert shown.count("Asks the app&#x27;s language model") == 1
    assert 'Asks the app&#x27;s language model <span class="pill">new</span>' in shown
    answer = browser.post(
        "/plugins/glossary-guard/upgrade/", {"version": "2.0.0", "model_use": "on"}
    )
    assert answer.status_code == 302
    assert latest(installed).granted["model_use"] is True
    assert "Garden" in browser.get("/plugins/glossary-guard/").content.decode()


def test_card_counts_the_organizations_and_published_apps_of_everybody(alice, charlie, app):
    release = Installation.unscoped.get().release
    InstallationFactory(organization=charlie.organization, release=release)
    publish_draft(principal=alice.principal, app_id=app.id)
    for slug in ("glossary-guard", "glossary-guard-2"):
        stages = (*CHAT.stages, Stage("guard", "glossary-guard", {"words": 5}))
        other = AppFactory(
            organization=charlie.organization, name=slug, draft_pipeline=to_stored(stages)
        )
    publish_draft(principal=charlie.principal, app_id=other.id)  # the first of the two is a draft
    shown = " ".join(alice.browser.get("/plugins/glossary-guard/").content.decode().split())
    assert "2 organizations · 2 published apps" in shown
    assert "glossary-guard-2" not in shown, "counts, and nobody's names"
    assert count_apps_published_with("glossary") == 0


def test_builder_marks_an_authors_draft_wherever_it_may_be_chosen(alice):
    report_all_plugins()
    app = AppFactory(organization=alice.organization)
    PackageReleaseFactory(
        package__slug="glossary-guard",
        package__owner=alice.organization,
        state=PackageState.DRAFT,
    )
    page = f"/apps/{app.id}/build/"
    assert "Glossary guard (draft)" not in alice.browser.get(page).content.decode()
    attach_draft(principal=alice.principal, app_id=app.id, slug="glossary-guard")
    assert "Glossary guard (draft)" in alice.browser.get(page).content.decode()

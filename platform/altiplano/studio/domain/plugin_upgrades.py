"""Moving an organization to a newer release of a plugin, and its drafts with it.

What is published stays as it was: an answer changes when somebody publishes, never by itself.
"""

import uuid
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from django.db import transaction
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from altiplano.accounts.principal import Principal
from altiplano.catalog.config_problems import config_problems
from altiplano.catalog.domain.installing import GrantWish, lock_installation, move_installation
from altiplano.catalog.package_models import Installation, PackageRelease
from altiplano.kernel.errors import ConflictError
from altiplano.studio.differences import AppState, StageChange, compare
from altiplano.studio.domain.apps import keep_revision
from altiplano.studio.models import App
from altiplano.studio.pipelines import Stage, from_stored, to_stored
from altiplano.studio.plugins import releases_for_versions
from altiplano_sdk import PackageManifest, StageKind


@dataclass(frozen=True, slots=True)
class AppChange:
    """What an upgrade does to one app.

    ``problems`` are settings that the newer release asks for and nobody has given. ``published_with``
    is the version that the public is answered with, before and after.
    """

    app: App
    is_in_draft: bool
    stages: tuple[StageChange, ...] = ()
    problems: tuple[str, ...] = ()
    published_with: str = ""


@dataclass(frozen=True, slots=True)
class Upgrade:
    """From what is installed to what is offered, and each app that names the plugin."""

    installation: Installation
    release: PackageRelease
    apps: tuple[AppChange, ...]

    @property
    def manifests(self) -> tuple[PackageManifest, PackageManifest]:
        return (
            PackageManifest.model_validate(self.installation.release.manifest),
            PackageManifest.model_validate(self.release.manifest),
        )


def preview_upgrade(organization_id: uuid.UUID, installation: Installation) -> Upgrade:
    """What moving to the newest release would do; nothing is changed.

    Raises ConflictError when the newest one is installed, or none is offered.
    """
    release = installation.package.current
    if release is None or release.id == installation.release_id:
        raise ConflictError(
            gettext_lazy("The newest release of this plugin is installed already."),
            code="not_newer",
        )
    upgrade = Upgrade(installation, release, ())
    changes = [
        _change_of(upgrade, app) for app in apps_naming(organization_id, installation.package.slug)
    ]
    return replace(upgrade, apps=tuple(changes))


def upgrade_plugin(
    *, principal: Principal, slug: str, version: str, wish: GrantWish
) -> tuple[App, ...]:
    """The organization is at the release ``version``, with what is granted to it; drafts that name
    the plugin have their settings moved. Answers with the apps whose drafts changed.

    Raises ConflictError when another version is the newest by now.
    """
    with transaction.atomic():
        installation = lock_installation(principal.organization_id, slug)
        before = PackageManifest.model_validate(installation.release.manifest)
        release = installation.package.current
        if release is None or release.version != version:
            raise ConflictError(
                gettext_lazy("Another release is the newest by now; look at the preview again."),
                code="release_changed",
            )
        after = PackageManifest.model_validate(release.manifest)
        move_installation(
            principal=principal, installation=installation, release=release, wish=wish
        )
        return tuple(
            app
            for app in apps_naming(principal.organization_id, slug)
            if _move_draft(principal, app, before, after)
        )


def apps_naming(organization_id: uuid.UUID, slug: str) -> list[App]:
    """The apps whose draft or published version names the plugin, by name."""
    apps = App.objects.within(organization_id).select_related("published_version")
    return [
        app
        for app in apps.order_by("name", "id")
        if _names(app.draft_pipeline, slug) or published_with(app, slug)
    ]


def published_with(app: App, slug: str) -> str:
    """The version of the plugin that the published version is pinned to; empty for none."""
    published = app.published_version
    pins: Sequence[Mapping[str, Any]] = published.plugins if published else ()
    return next((str(pin["version"]) for pin in pins if pin["plugin"] == slug), "")


def _names(pipeline: Mapping[str, Any], slug: str) -> bool:
    return any(stage.plugin == slug for stage in from_stored(pipeline))


def _change_of(upgrade: Upgrade, app: App) -> AppChange:
    before, after = upgrade.manifests
    stages = from_stored(app.draft_pipeline)
    moved = _moved(stages, before, after)
    return AppChange(
        app=app,
        is_in_draft=_names(app.draft_pipeline, before.id),
        stages=compare(
            AppState(stages), AppState(moved), releases_for_versions(app.organization_id)
        ).stages,
        problems=tuple(_problems(moved, after, upgrade.release.schemas)),
        published_with=published_with(app, before.id),
    )


def _moved(
    stages: Sequence[Stage], before: PackageManifest, after: PackageManifest
) -> tuple[Stage, ...]:
    return tuple(
        replace(
            stage,
            config=after.migrate_config(StageKind(stage.kind), stage.config, since=before.version),
        )
        if stage.plugin == before.id
        else stage
        for stage in stages
    )


def _problems(
    stages: Sequence[Stage], manifest: PackageManifest, schemas: Mapping[str, Any]
) -> list[str]:
    provided = {each.kind.value for each in manifest.provides}
    found: list[str] = []
    for place, stage in enumerate(stages, start=1):
        if stage.plugin != manifest.id:
            continue
        if stage.kind not in provided:
            found.append(_("Stage %(place)s: the newer release is no %(kind)s any more.") % {
                "place": place, "kind": stage.kind,
            })  # fmt: skip
            continue
        for name, reason in config_problems(schemas.get(stage.kind, {}), stage.config).items():
            found.append(f"{name}: {reason}")
    return found


def _move_draft(
    principal: Principal, app: App, before: PackageManifest, after: PackageManifest
) -> bool:
    locked = App.objects.within(app.organization_id).select_for_update().get(pk=app.pk)
    moved = to_stored(_moved(from_stored(locked.draft_pipeline), before, after))
    if moved["stages"] == locked.draft_pipeline["stages"]:
        return False
    locked.draft_pipeline = {**locked.draft_pipeline, **moved}
    locked.draft_revision += 1
    locked.save(update_fields=["draft_pipeline", "draft_revision"])
    keep_revision(principal, locked, list(locked.collections.all()))
    return True

"""Packages that bring files, as an organization would have installed them."""

import json
from pathlib import Path
from typing import Any

from altiplano.accounts.models import User
from altiplano.accounts.principal import Principal
from altiplano.catalog.domain.installing import GrantWish, install_package
from altiplano.catalog.domain.reviewing import publish_release
from altiplano.catalog.domain.uploading import receive_release
from altiplano.catalog.package_models import PackageRelease, PackageState
from altiplano.kernel.jobs import cancel_jobs
from altiplano_sdk import HttpResponse
from tests.factories.archives import Author, write_archive

AIR = Path(__file__).parents[2] / "plugins" / "examples" / "air-quality-csv" / "air_quality_csv"
AIR_HOST = "object.infra.data.gouv.fr"
AIR_SCHEMA = {
    "type": "object",
    "title": "AirQualityConfig",
    "additionalProperties": False,
    "properties": {
        "most_days": {
            "type": "integer",
            "title": "Days at most",
            "default": 7,
            "minimum": 1,
            "maximum": 10,
        }
    },
}

SHELF = '''"""Brings what its reference says, file by file."""

import asyncio
import tempfile
from pathlib import Path

from pydantic import BaseModel, ConfigDict

import altiplano_sdk as sdk


class Plugin:
    class Config(BaseModel):
        model_config = ConfigDict(extra="forbid")

        shout: bool = False

    def __init__(self, config: Config) -> None:
        self._shout = config.shout

    async def load(self, reference, ctx: sdk.Context):
        for name, text in reference.get("files", {}).items():
            content = (text.upper() if self._shout else text).encode()
            with tempfile.NamedTemporaryFile(delete=False) as file:
                file.write(content)
            yield sdk.SourceFile(name, "text/plain", Path(file.name), len(content))
        if reference.get("end") == "busy":
            raise sdk.RetryableError("The shelf is busy.")
        if reference.get("end") == "shut":
            raise sdk.PermanentError("The shelf is shut.")
        if reference.get("end") == "bug":
            raise KeyError("secret")
        if reference.get("end") == "never":
            await asyncio.sleep(3600)
'''
SHELF_SCHEMA = {
    "type": "object",
    "title": "Config",
    "additionalProperties": False,
    "properties": {"shout": {"type": "boolean", "title": "Shout", "default": False}},
}


class AirHttp:
    """Answers for data.gouv.fr with the sample days of the example; refuses whatever else."""

    def __init__(self, *, hosts: tuple[str, ...], **_: Any) -> None:
        self._hosts = hosts

    async def request(self, method: str, url: str, **_: Any) -> HttpResponse:
        assert AIR_HOST in self._hosts
        path = AIR / "samples" / url.rpartition("/")[2]
        if not path.exists():
            return HttpResponse(404, {}, b"")
        return HttpResponse(200, {}, path.read_bytes())

    async def close(self) -> None:
        """It holds nothing."""


def install_air_quality(
    principal: Principal, folder: Path, *, grants_host: bool = True
) -> PackageRelease:
    """The example, with or without the host that it asks for."""
    release = _publish(
        principal,
        folder,
        "air-quality-csv",
        code=(AIR / "__init__.py").read_text("utf-8"),
        name="AirQualityLoader",
        schema=AIR_SCHEMA,
        grants={"network_hosts": [AIR_HOST], "seconds": 120, "memory_bytes": 268435456},
    )
    wish = GrantWish(network_hosts=(AIR_HOST,) if grants_host else ())
    install_package(principal=principal, slug="air-quality-csv", wish=wish)
    return release


def install_shelf(principal: Principal, folder: Path) -> PackageRelease:
    """A loader that needs no network."""
    release = _publish(principal, folder, "shelf", code=SHELF, name="Plugin", schema=SHELF_SCHEMA)
    install_package(principal=principal, slug="shelf", wish=GrantWish())
    return release


def _publish(
    principal: Principal,
    folder: Path,
    slug: str,
    *,
    code: str,
    name: str,
    schema: dict[str, Any],
    **manifest: Any,
) -> PackageRelease:
    author = Author()
    author.known_to(principal, name=slug)
    path = write_archive(
        folder,
        slug,
        author=author,
        code=code,
        extra={"schemas/loader.json": json.dumps(schema).encode()},
        provides=({"kind": "loader", "entry": f"{slug.replace('-', '_')}:{name}"},),
        **manifest,
    )
    release = receive_release(principal=principal, file=path)
    cancel_jobs(subject_id=release.id)  # the checks have tests of their own
    PackageRelease.unscoped.filter(id=release.id).update(state=PackageState.IN_REVIEW)
    operator, _is_new = User.objects.get_or_create(
        email="reviewer@example.org", defaults={"is_staff": True, "is_superuser": True}
    )
    return publish_release(actor=operator, release_id=release.id)

"""Packages that judge answers, as an organization would have installed them."""

import json
import runpy
from pathlib import Path

from altiplano.accounts.models import User
from altiplano.catalog.domain.installing import GrantWish, install_package
from altiplano.catalog.domain.reviewing import publish_release
from altiplano.catalog.domain.uploading import receive_release
from altiplano.catalog.package_models import PackageRelease, PackageState
from altiplano.kernel.jobs import cancel_jobs
from tests.cast import Member
from tests.factories.archives import Author, write_archive

READING_LEVEL_FILE = (
    Path(__file__).parents[2] / "plugins/examples/reading-level/reading_level/__init__.py"
)
READING_LEVEL_SCHEMA = runpy.run_path(str(READING_LEVEL_FILE))[
    "ReadingLevelConfig"
].model_json_schema()

BROKEN = '''"""Judges nothing."""

import altiplano_sdk as sdk


class Plugin:
    """Breaks whenever it is asked."""

    def __init__(self, config: object) -> None:
        self._config = config

    async def evaluate(self, example: sdk.ExampleAnswer, ctx: sdk.Context) -> sdk.Evaluation:
        raise ValueError(example.answer)
'''


def write_evaluator(
    folder: Path, slug: str, author: Author, *, code: str | None = None, **manifest: object
) -> Path:
    """The package of the reading-level example under this name; or one of this ``code``, whose
    class is ``Plugin``.
    """
    name, schema = (
        ("Plugin", {"type": "object"}) if code else ("ReadingLevel", READING_LEVEL_SCHEMA)
    )
    return write_archive(
        folder,
        slug,
        author=author,
        code=code or READING_LEVEL_FILE.read_text("utf-8"),
        extra={"schemas/evaluator.json": json.dumps(schema).encode()},
        provides=({"kind": "evaluator", "entry": f"{slug.replace('-', '_')}:{name}"},),
        **manifest,
    )


def install_evaluator(
    member: Member, folder: Path, slug: str = "reading-level", *, code: str | None = None
) -> PackageRelease:
    """The release is published, and installed by the member's organization."""
    author = Author()
    author.known_to(member.principal, name=slug)
    path = write_evaluator(folder, slug, author, code=code)
    release = receive_release(principal=member.principal, file=path)
    cancel_jobs(subject_id=release.id)  # the checks have tests of their own
    PackageRelease.unscoped.filter(id=release.id).update(state=PackageState.IN_REVIEW)
    operator, _is_new = User.objects.get_or_create(
        email="reviewer@example.org", defaults={"is_staff": True, "is_superuser": True}
    )
    release = publish_release(actor=operator, release_id=release.id)
    install_package(principal=member.principal, slug=slug, wish=GrantWish())
    return release

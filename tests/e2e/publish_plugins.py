"""Run beside a platform, with its home: brings examples of plugins into every state that pages show.

``python -m tests.e2e.publish_plugins EMAIL`` makes EMAIL's organization the author: one plugin is
installed and has a newer release, a refused one with findings, a draft and a concern; one is offered
and not installed; one waits for review. The workers of the platform check them.
"""

import json
import re
import secrets
import shutil
import sys
import tempfile
from pathlib import Path
from typing import Any

from altiplano.ops.cli import setup_django
from altiplano_worker.runtime.sandbox.levels import available_levels
from tests.e2e.conftest import every

INSTALLED = "glossary-guard"
OFFERED = "air-quality-csv"
REVIEWED = "reading-level"
EXAMPLES = Path(__file__).resolve().parents[2] / "plugins" / "examples"
CHECK_SECONDS = 300
NEWER = {
    "version": '"0.2.0"',
    "memory_bytes": "134217728\nmodel_use = true\nstorage_bytes = 1048576",
}
FORBIDDEN = "import subprocess\n\n\nclass Guard:\n    points = ()\n"


def main(email: str) -> None:
    setup_django()
    from altiplano.catalog.package_models import Package

    if not Package.unscoped.filter(slug=REVIEWED).exists():
        with tempfile.TemporaryDirectory() as folder:
            _publish_all(email, Path(folder))
    reviewed = Package.unscoped.get(slug=REVIEWED).releases.get()
    found = {
        "plugin": INSTALLED,
        "offered_plugin": OFFERED,
        "reviewed_release": str(reviewed.id),
    }
    sys.stdout.write(json.dumps(found))


def _publish_all(email: str, folder: Path) -> None:
    from altiplano.accounts.domain.sessions import principal_for
    from altiplano.accounts.models import Membership, User
    from altiplano.catalog.domain.concerns import raise_concern
    from altiplano.catalog.domain.drafts import replace_draft
    from altiplano.catalog.domain.installing import GrantWish, install_package
    from altiplano.catalog.domain.reviewing import publish_release
    from altiplano.catalog.domain.uploading import receive_release
    from tests.factories.archives import Author, write_archive

    owner = principal_for(Membership.unscoped.filter(user__email=email).earliest("created_at"))
    staff = User.objects.create_user(
        f"reviewer-{secrets.token_hex(4)}@example.org", is_staff=True, is_superuser=True
    )
    author = Author()
    author.known_to(owner, "Key in the office")

    first = [
        receive_release(principal=owner, file=_packed(slug, folder, author))
        for slug in (INSTALLED, OFFERED, REVIEWED)
    ]
    for release in first:
        _wait_for_checks(release.id)
    for release in first[:2]:
        publish_release(actor=staff, release_id=release.id)
    install_package(principal=owner, slug=INSTALLED, wish=GrantWish())

    newer = receive_release(principal=owner, file=_packed(INSTALLED, folder, author, **NEWER))
    _wait_for_checks(newer.id)
    publish_release(actor=staff, release_id=newer.id)

    refused = write_archive(folder, INSTALLED, "0.3.0", author=author, code=FORBIDDEN)
    _wait_for_checks(receive_release(principal=owner, file=refused).id)
    draft = _packed(INSTALLED, folder, author, version='"0.4.0"')
    replace_draft(principal=owner, slug=INSTALLED, file=draft)
    raise_concern(
        principal=owner,
        slug=INSTALLED,
        text="It explains the same word twice when the answer says it in two ways.",
    )


def _packed(slug: str, folder: Path, author: Any, **changes: str) -> Path:
    """The example as its author would pack and sign it, its manifest changed by ``changes``."""
    from altiplano_sdk.packaging.packing import pack_folder
    from altiplano_sdk.packaging.signing import sign_archive

    source = folder / f"{slug}-{secrets.token_hex(4)}"
    shutil.copytree(EXAMPLES / slug, source)
    manifest = source / "altiplano-plugin.toml"
    text = manifest.read_text(encoding="utf-8")
    for name, value in changes.items():
        text = re.sub(rf"(?m)^{name} = .*$", f"{name} = {value}", text, count=1)
    manifest.write_text(text, encoding="utf-8")
    packed = pack_folder(source, folder)
    sign_archive(packed.path, author.private)
    return packed.path


def _wait_for_checks(release_id: Any) -> None:
    """Until the workers have said what they think; without a sandbox they run no plugin."""
    from altiplano.catalog.package_models import PackageRelease, PackageState
    from altiplano.kernel.jobs import cancel_jobs

    checking = PackageRelease.unscoped.filter(id=release_id, state=PackageState.CHECKING)
    if not available_levels():
        checking.update(state=PackageState.IN_REVIEW)
        cancel_jobs(subject_id=release_id)
    for _ in every(0.5, CHECK_SECONDS):
        if not checking.exists():
            return
    raise AssertionError("the release was never checked")


if __name__ == "__main__":
    main(sys.argv[1])

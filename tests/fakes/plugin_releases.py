"""Releases as they lie on a worker's disk after they were unpacked, made from one module each."""

import shutil
from pathlib import Path
from textwrap import dedent
from typing import Any

import altiplano_sdk as sdk
from altiplano_sdk.packaging import read_manifest
from altiplano_worker.runtime.sandbox.releases import ReleaseOnDisk

EXAMPLES = Path(__file__).parents[2] / "plugins" / "examples"


def make_release(
    directory: Path,
    source: str,
    *,
    kind: sdk.StageKind,
    plugin_id: str = "probe-plugin",
    digest: str = "",
    draft: bool = False,
    **grants: Any,
) -> ReleaseOnDisk:
    """A release with one class called ``Plugin``, in a module whose text is ``source``."""
    code = directory / "code"
    code.mkdir(parents=True)
    module = plugin_id.replace("-", "_")
    (code / f"{module}.py").write_text(dedent(source), encoding="utf-8")
    manifest = sdk.PackageManifest(
        id=plugin_id,
        version="1.0.0",
        title="A plugin for tests",
        summary="Does what a test needs.",
        author="Tests",
        licence="MIT",
        personal_data=False,
        provides=(sdk.Provided(kind=kind, entry=f"{module}:Plugin"),),
        grants=sdk.PackageGrants(**grants),
    )
    (directory / "manifest.json").write_text(manifest.model_dump_json(), encoding="utf-8")
    return ReleaseOnDisk(digest or f"digest-of-{directory}", directory, manifest, draft=draft)


def example_release(name: str, directory: Path) -> ReleaseOnDisk:
    """One of the SDK's examples, unpacked in ``directory``."""
    folder = EXAMPLES / name
    manifest = read_manifest(folder)
    package = manifest.provides[0].entry.partition(":")[0].partition(".")[0]
    shutil.copytree(folder / package, directory / "code" / package)
    (directory / "manifest.json").write_text(manifest.model_dump_json(), encoding="utf-8")
    return ReleaseOnDisk(f"digest-of-{name}", directory, manifest)

"""The list of parts: what is in a release besides its author's own code, as CycloneDX 1.6."""

import io
import json
import zipfile
from collections.abc import Sequence
from email.parser import HeaderParser
from typing import Any

from altiplano_sdk.manifest import PackageManifest
from altiplano_sdk.packaging.vendoring import Wheel


def bill_of_parts(manifest: PackageManifest, wheels: Sequence[Wheel]) -> bytes:
    """The same parts make the same bytes: no date and no serial number."""
    bill: dict[str, Any] = {
        "bomFormat": "CycloneDX",
        "specVersion": "1.6",
        "version": 1,
        "metadata": {
            "component": {
                "type": "library",
                "bom-ref": f"{manifest.id}@{manifest.version}",
                "name": manifest.id,
                "version": manifest.version,
                "description": manifest.summary,
                "authors": [{"name": manifest.author}],
                "licenses": [{"expression": manifest.licence}],
            }
        },
        "components": [_component(wheel) for wheel in wheels],
    }
    return json.dumps(bill, indent=2, ensure_ascii=False).encode() + b"\n"


def _component(wheel: Wheel) -> dict[str, Any]:
    purl = f"pkg:pypi/{wheel.name}@{wheel.version}"
    component: dict[str, Any] = {
        "type": "library",
        "bom-ref": purl,
        "name": wheel.name,
        "version": wheel.version,
        "purl": purl,
        "hashes": [{"alg": "SHA-256", "content": wheel.sha256}],
    }
    if licence := _licence(wheel):
        component["licenses"] = [licence]
    return component


def _licence(wheel: Wheel) -> dict[str, Any]:
    """What the wheel says of its licence: an SPDX expression where there is one, else a name."""
    with zipfile.ZipFile(io.BytesIO(wheel.data)) as archive:
        names = [name for name in archive.namelist() if name.endswith(".dist-info/METADATA")]
        text = archive.read(names[0]).decode("utf-8", errors="replace") if names else ""
    headers = HeaderParser().parsestr(text)
    if expression := headers.get("License-Expression"):
        return {"expression": expression}
    name = (headers.get("License") or "").strip().partition("\n")[0][:100]
    return {"license": {"name": name}} if name else {}

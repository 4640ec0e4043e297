"""``python -m altiplano_sdk.packaging.describing FOLDER``: what a package says of its fields.

Runs the author's code, on the author's machine, in a process of its own: packing again after an
edit must not meet what an earlier import left behind.
"""

import json
import subprocess
import sys
from pathlib import Path
from typing import Any, Final

from altiplano_sdk.contracts.kinds import StageKind
from altiplano_sdk.packaging.findings import Finding, LoadError, PackageError
from altiplano_sdk.packaging.loading import describe_package
from altiplano_sdk.packaging.reading import read_manifest
from altiplano_sdk.packaging.rulebook import code as rules

_SECONDS: Final = 120


def describe_folder(folder: Path) -> dict[StageKind, dict[str, Any]]:
    """The JSON Schema of each kind's configuration.

    Raises LoadError when the package cannot be imported within two minutes.
    """
    command = [sys.executable, "-m", "altiplano_sdk.packaging.describing", str(folder.resolve())]
    try:
        done = subprocess.run(
            command, capture_output=True, text=True, timeout=_SECONDS, check=False, cwd=folder
        )
    except subprocess.TimeoutExpired as error:
        finding = rules.IMPORT_FAILS.finding("Importing takes longer than two minutes.")
        raise LoadError([finding]) from error
    try:
        answer = json.loads(done.stdout.splitlines()[-1])
        findings = [Finding.from_dict(finding) for finding in answer["findings"]]
        schemas = {StageKind(kind): schema for kind, schema in answer["schemas"].items()}
    except (ValueError, KeyError, IndexError, TypeError) as error:
        last = (done.stderr.strip().splitlines() or ["no reason given"])[-1][:200]
        finding = rules.IMPORT_FAILS.finding(f"The import ended the process: {last}.")
        raise LoadError([finding]) from error
    if findings:
        raise LoadError(findings)
    return schemas


def main() -> None:
    """Prints one line of JSON, whatever the package itself printed before."""
    folder = Path(sys.argv[1])
    answer: dict[str, Any] = {"schemas": {}, "findings": []}
    try:
        answer["schemas"] = describe_package(folder, read_manifest(folder))
    except PackageError as error:
        answer["findings"] = [finding.to_dict() for finding in error.findings]
    sys.stdout.write(f"\n{json.dumps(answer)}\n")


if __name__ == "__main__":
    main()

"""The samples of the bridges' pages run as they are printed, over canned replies."""

import re
from pathlib import Path

import pytest

from .conftest import client_of

ROOT = Path(__file__).resolve().parents[2]
PAGES = ["docs/how-to/use-other-frameworks.md", "plugins/client/README.md"]


@pytest.mark.parametrize("page", PAGES)
def test_samples_run_as_printed(page, platform, monkeypatch, capsys):
    monkeypatch.setattr("altiplano_client.Altiplano", lambda *_, **__: client_of(platform))
    samples = re.findall(r"```python\n(.*?)```", (ROOT / page).read_text(), flags=re.DOTALL)
    assert len(samples) >= 3
    names = {}
    for sample in samples:
        exec(compile(sample, page, "exec"), names)  # noqa: S102 - our own pages
    assert "Six months [1]." in capsys.readouterr().out
    assert platform.requests

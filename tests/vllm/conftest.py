"""One vLLM for all tests of this folder: it takes minutes to start."""

import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.vllm.environment import ROOT
from tests.vllm.server import RunningVLLM, running_vllm


@pytest.fixture(scope="session")
def vllm_home() -> Path:
    """Where weights and log stay between runs: the developer's home, not the suite's own."""
    return Path(os.environ.get("ALTIPLANO_VLLM_HOME") or ROOT / "var" / "vllm")


@pytest.fixture(scope="session")
def vllm(vllm_home: Path) -> Iterator[RunningVLLM]:
    with running_vllm(home=vllm_home) as running:
        yield running

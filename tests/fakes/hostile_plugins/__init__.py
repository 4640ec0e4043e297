"""Plugins that try what no plugin may. Each is the module of a tool, run in a sandbox only.

They act on the machine they run on, against targets that the test made for them, within bounds:
should a door be open, the test fails and nothing else happens.
"""

from pathlib import Path

_HERE = Path(__file__).parent


def hostile_source(name: str) -> str:
    """The text of the module ``name`` in this folder, preceded by what all of them need."""
    return (_HERE / "base.py").read_text("utf-8") + (_HERE / f"{name}.py").read_text("utf-8")

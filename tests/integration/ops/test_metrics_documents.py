"""The documented metrics are the real ones, and so are those of the dashboard and the alert rules."""

import json
import re
from pathlib import Path

import pytest
import yaml

from tests.factories.everything import make_everything

pytestmark = pytest.mark.django_db

DOCS = Path(__file__).resolve().parents[3] / "docs"
NAME = re.compile(r"\b(?:altiplano|process|python)_[a-z_]+\b")
DASHBOARD = DOCS / "monitoring/grafana-dashboard.json"
RULES = DOCS / "monitoring/prometheus-alerts.yml"


@pytest.fixture
def real(client) -> dict[str, set[str]]:
    """Every metric of a platform in use, with its labels."""
    make_everything(1)
    names: dict[str, set[str]] = {}
    for line in client.get("/metrics").content.decode().splitlines():
        match = re.match(r"([a-z_]+)(?:{(.*)})? ", line)
        if match and not line.startswith("#"):
            names.setdefault(match[1], set()).update(re.findall(r"(\w+)=", match[2] or ""))
    return names


def test_every_metric_is_documented_with_its_labels_and_no_other_is(real):
    rows = re.findall(
        r"^\| `(altiplano_\w+)` \| (?:`(\w+)`|\u2013) \|",
        (DOCS / "reference/metrics.md").read_text(encoding="utf-8"),
        flags=re.MULTILINE,
    )
    documented = {name: {label} - {""} for name, label in rows}
    assert documented == {
        name: labels for name, labels in real.items() if name.startswith("altiplano_")
    }


def test_dashboard_asks_for_real_metrics_in_every_panel(real):
    panels = json.loads(DASHBOARD.read_text(encoding="utf-8"))["panels"]
    assert len({panel["id"] for panel in panels}) == len(panels) >= 10
    for panel in panels:
        for target in panel["targets"]:
            asked = set(NAME.findall(target["expr"]))
            assert asked, panel["title"]
            assert asked <= set(real), panel["title"]
            labels = set(re.findall(r"{{(\w+)}}", target["legendFormat"])) - {"instance"}
            assert labels <= set().union(*(real[name] for name in asked)), panel["title"]


def test_alert_rules_ask_for_real_metrics_and_say_what_to_do(real):
    rules = yaml.safe_load(RULES.read_text(encoding="utf-8"))["groups"][0]["rules"]
    assert len({rule["alert"] for rule in rules}) == len(rules) >= 6
    for rule in rules:
        assert set(NAME.findall(rule["expr"])) <= set(real), rule["alert"]
        assert NAME.search(rule["expr"]) or rule["expr"].startswith("up{"), rule["alert"]
        assert rule["labels"]["severity"] in {"page", "ticket"}
        assert {"summary", "description"} <= rule["annotations"].keys()
        named = set(re.findall(r"\$labels\.(\w+)", str(rule["annotations"])))
        known = set().union(set(), *(real[name] for name in NAME.findall(rule["expr"])))
        assert named <= known, rule["alert"]

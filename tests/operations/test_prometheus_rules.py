"""The alert rules and the dashboard in `deploy/` use metrics that exist."""

import json
import re
import shutil
import subprocess
from collections.abc import Iterator

import pytest
from django.conf import LazySettings
from django.test import Client
from prometheus_client.parser import text_string_to_metric_families

from development.embedded_server import BASE_DIR

DEPLOY = BASE_DIR / "deploy"
RULES = DEPLOY / "prometheus" / "alerts.yml"
DASHBOARD = DEPLOY / "grafana" / "dashboard.json"
RUNBOOK = BASE_DIR / "docs" / "operations.md"


def expressions() -> Iterator[str]:
    """Yield each query of the dashboard."""
    for panel in json.loads(DASHBOARD.read_text())["panels"]:
        yield from (target["expr"] for target in panel.get("targets", []))


@pytest.mark.django_db
def test_every_metric_and_label_in_use_is_exported(client: Client, settings: LazySettings) -> None:
    settings.METRICS_TOKEN = "token"
    client.get("/explore/")
    text = client.get("/metrics", headers={"Authorization": "Bearer token"}).content.decode()
    samples = [sample for family in text_string_to_metric_families(text) for sample in family.samples]
    labels: dict[str, set[str]] = {}
    for sample in samples:
        labels.setdefault(sample.name, set()).update(sample.labels)
    asked = "\n".join([RULES.read_text(), *expressions()])
    assert set(re.findall(r"microblog_\w+", asked)) <= labels.keys()
    for name, conditions in re.findall(r"(microblog_\w+)\{([^}]*)\}", asked):
        assert set(re.findall(r"(\w+)(?:=|!)", conditions)) <= labels[name], name


def test_every_alert_has_a_page_in_the_runbook() -> None:
    rules = RULES.read_text()
    alerts = re.findall(r"- alert: (\w+)", rules)
    assert re.findall(r"runbook: docs/operations.md#(\w+)", rules) == [alert.lower() for alert in alerts]
    headings = re.findall(r"^#+ (.*)$", RUNBOOK.read_text(), re.MULTILINE)
    assert [alert for alert in alerts if alert not in headings] == []


@pytest.mark.processes
def test_the_rules_alert_when_they_should_and_not_otherwise() -> None:
    if not shutil.which("promtool"):
        pytest.skip("No promtool on this machine; on Debian: apt install prometheus")
    for check in ("check config --syntax-only prometheus.yml", "check rules alerts.yml", "test rules alerts.test.yml"):
        ran = subprocess.run(
            ["promtool", *check.split()], cwd=RULES.parent, capture_output=True, text=True, check=False
        )
        assert ran.returncode == 0, ran.stdout + ran.stderr


def test_each_alert_is_tried() -> None:
    alerts = re.findall(r"- alert: (\w+)", RULES.read_text())
    tried = re.findall(r"^        alertname: (\w+)$", (RULES.parent / "alerts.test.yml").read_text(), re.MULTILINE)
    assert set(tried) == set(alerts)

"""The systemd units: correct by systemd's own word, hardened, and patient when they stop something."""

import re
import subprocess
from pathlib import Path

import pytest

from development.embedded_server import BASE_DIR
from tests.programs import find_program

pytestmark = pytest.mark.processes

UNITS = BASE_DIR / "deploy" / "systemd"
SERVICES = ["microblog-web.service", "microblog-worker@1.service", "microblog-worker@large.service"]
MOST_EXPOSED = 20
"""Of 100, what `systemd-analyze security` may say; it calls anything under 30 "OK"."""


@pytest.fixture
def systemd_analyze() -> str:
    return find_program("systemd-analyze", package="systemd")


@pytest.fixture
def installed(tmp_path: Path) -> Path:
    """The units as an operator copies them, for a site that is in this folder."""
    for source in UNITS.rglob("*.*"):
        if source.is_file():
            target = tmp_path / source.relative_to(UNITS)
            target.parent.mkdir(exist_ok=True)
            target.write_text(source.read_text().replace("/srv/microblog", str(BASE_DIR)))
    return tmp_path


def analyze(program: str, units: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    # The colon adds systemd's own units.
    variables = {"SYSTEMD_UNIT_PATH": f"{units}:", "SYSTEMD_LOG_LEVEL": "notice", "PATH": "/usr/bin:/bin"}
    return subprocess.run([program, *arguments], env=variables, capture_output=True, text=True, check=False)


def test_systemd_accepts_the_units(systemd_analyze: str, installed: Path) -> None:
    names = sorted(path.name.replace("@.", "@1.") for path in installed.iterdir() if path.is_file())
    names.append("microblog-worker@large.service")  # the template, for large exports
    assert set(SERVICES) <= set(names)
    result = analyze(systemd_analyze, installed, "verify", *(str(installed / name) for name in names))
    assert (result.returncode, result.stdout, result.stderr) == (0, "", "")


def test_systemd_reports_a_broken_unit(systemd_analyze: str, installed: Path) -> None:
    unit = installed / "microblog-web.service"
    unit.write_text(unit.read_text().replace("KillMode=mixed", "KillMood=mixed"))
    assert "KillMood" in analyze(systemd_analyze, installed, "verify", str(unit)).stderr


@pytest.mark.parametrize("service", SERVICES)
def test_a_service_has_only_the_privileges_it_needs(systemd_analyze: str, installed: Path, service: str) -> None:
    options = ["security", "--offline=true", f"--threshold={MOST_EXPOSED}", str(installed / service)]
    result = analyze(systemd_analyze, installed, *options)
    assert result.returncode == 0, result.stdout


def seconds(text: str, name: str) -> float:
    found = re.search(rf"^{name}\s*=\s*(\d+)", text, re.MULTILINE)
    assert found, name
    return float(found[1])


def test_supervisors_wait_longer_than_the_processes_they_stop() -> None:
    gunicorn = seconds((BASE_DIR / "deploy" / "gunicorn.conf.py").read_text(), "graceful_timeout")
    worker = 8  # EXPORT_STOP_GRACE
    web_unit, worker_unit = (
        (UNITS / name).read_text() for name in ("microblog-web.service", "microblog-worker@.service")
    )
    assert seconds(web_unit, "TimeoutStopSec") > gunicorn
    assert seconds(worker_unit, "TimeoutStopSec") > worker + 5
    web_program, *worker_programs = (BASE_DIR / "deploy/supervisor/microblog.conf").read_text().split("[program:")[1:]
    assert seconds(web_program, "stopwaitsecs") > gunicorn
    for program in worker_programs:
        assert seconds(program, "stopwaitsecs") > worker + 5


@pytest.mark.parametrize("name", ["microblog-web.service", "microblog-worker@.service"])
def test_a_service_is_always_restarted_and_stopped_through_its_main_process(name: str) -> None:
    lines = (UNITS / name).read_text().splitlines()
    assert {"Restart=always", "KillMode=mixed"} <= set(lines)

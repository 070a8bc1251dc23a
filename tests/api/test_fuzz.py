"""Schemathesis, which reads the OpenAPI document, finds nothing on the running site."""

import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from subprocess import Popen

from accounts.models import User
from development.embedded_server import BASE_DIR
from tests.api.conftest import token_of
from tests.exports.archives import archive_of
from tests.web_server import web_server
from tests.workers import child_environment

EXAMPLES = os.environ.get("FUZZ_EXAMPLES", "15")
CONFIG = Path(__file__).with_name("schemathesis.toml")
NO_LIMITS = {"EXPORT_START_LIMIT": "0", "API_LIMIT": "0", "EXPORT_COOLDOWN": "0"}


def test_schemathesis_finds_nothing(susan: User, worker_factory: Callable[..., "Popen[bytes]"], tmp_path: Path) -> None:
    archive_of(susan, b"{}")
    secret, log = token_of(susan), tmp_path / "web.log"
    static = str(tmp_path / "static")
    site = {"SECRET_KEY": "x" * 50, "SITE_URL": "http://127.0.0.1", "STATIC_ROOT": static, **NO_LIMITS}
    worker_factory(**site)
    collect = [sys.executable, "manage.py", "collectstatic", "--no-input"]
    subprocess.run(collect, env=child_environment(**site), cwd=BASE_DIR, capture_output=True, check=True)
    with web_server(log, site) as web:
        address = f"http://127.0.0.1:{web.port}"
        command = [sys.executable, "-m", "schemathesis.cli", "--config-file", str(CONFIG), "run"]
        options = [f"{address}/api/v1/openapi.json", "--url", address, "--warnings", "off"]
        options += ["--header", f"Authorization: Bearer {secret}", "--checks", "all", "--seed", "1", "-n", EXAMPLES]
        run = subprocess.run([*command, *options], cwd=tmp_path, capture_output=True, text=True, check=False)
    assert run.returncode == 0, run.stdout[-20_000:] + run.stderr
    lines = log.read_text().splitlines()
    assert [line for line in lines if "Traceback" in line or '"ERROR"' in line] == []
    assert not any("mbt_" in line for line in lines)

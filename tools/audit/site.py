"""The site as in production, with the demo's members: gunicorn, compressed static files, a queue server, a worker."""

import json
import os
import subprocess
import sys
import urllib.request
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from signal import SIGTERM

from core.translations import compile_messages
from development.embedded_server import BASE_DIR, die_with_parent
from development.process_tree import stop_in_order
from tests.faults.queue_servers import QueueServer
from tests.mail_server import free_port
from tests.waiting import wait_until

KEPT = ("HOME", "LANG", "PATH", "TMPDIR")
PREPARATIONS = (["migrate", "-v0"], ["seed_demo", "--force", "-v0"], ["collectstatic", "--noinput", "-v0"])


@dataclass(frozen=True)
class Site:
    """A running site."""

    url: str
    folder: Path
    environment: dict[str, str]

    def addresses(self) -> list[str]:
        """Return the address of each of its pages."""
        command = [sys.executable, "-m", "tools.audit.addresses"]
        return list(json.loads(subprocess.check_output(command, cwd=BASE_DIR, env=self.environment)))


@contextmanager
def audited_site(folder: Path) -> Iterator[Site]:
    """Run the site in `folder`; it ends with the block."""
    with ExitStack() as stack:
        queue = QueueServer(folder)
        stack.callback(queue.kill)
        port = free_port()
        url = f"http://localhost:{port}"
        environment = {name: os.environ[name] for name in KEPT if name in os.environ} | {
            "DJANGO_SETTINGS_MODULE": "tools.audit.settings",
            "SECRET_KEY": "a key for as long as the audit runs",
            "SITE_URL": url,
            "VAR_DIR": str(folder),
            "REDIS_URL": queue.url,
            "EXPORT_COOLDOWN": "0",
        }
        compile_messages(BASE_DIR / "locale")
        for command in PREPARATIONS:
            subprocess.run([sys.executable, "manage.py", *command], cwd=BASE_DIR, env=environment, check=True)
        gunicorn = ["-m", "gunicorn", "microblog_project.wsgi", "--threads", "4", "--bind", f"127.0.0.1:{port}"]
        for name, arguments in {"web": gunicorn, "worker": ["manage.py", "rqworker", "default"]}.items():
            stack.enter_context(_running([sys.executable, *arguments], folder / f"{name}.log", environment))
        wait_until(lambda: _answers(url), 30, what="The web server")
        yield Site(url, folder, environment)


@contextmanager
def _running(command: list[str], log: Path, environment: dict[str, str]) -> Iterator[None]:
    with log.open("ab") as output:
        process = subprocess.Popen(
            command,
            cwd=BASE_DIR,
            env=environment,
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
            start_new_session=True,
            preexec_fn=die_with_parent(SIGTERM, os.getpid()),  # noqa: PLW1509 - no thread of ours holds a lock
        )
    try:
        yield
    finally:
        stop_in_order([process.pid], patience=3)
        process.wait()


def _answers(url: str) -> bool:
    try:
        with urllib.request.urlopen(f"{url}/healthz", timeout=5):  # noqa: S310 - our own address
            return True
    except OSError:
        return False

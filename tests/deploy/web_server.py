"""gunicorn as it is deployed, on the test's database."""

import subprocess
import sys
from http.client import HTTPConnection
from pathlib import Path

from django.conf import settings

from tests.mail_server import free_port
from tests.waiting import wait_until
from tests.workers import child_environment, stop_process


class WebServer:
    """Listens on 127.0.0.1:`port`, in processes of its own, and writes to `log`."""

    def __init__(self, log: Path, **variables: str) -> None:
        """Start it with these environment variables, and wait until it answers."""
        self.port = free_port()
        self.log = log
        bind = {"WEB_BIND": f"127.0.0.1:{self.port}", "WEB_CONCURRENCY": "1"}
        with log.open("ab") as output:
            self._process = subprocess.Popen(
                [sys.executable, "-m", "gunicorn", "--config", "deploy/gunicorn.conf.py"],
                cwd=settings.BASE_DIR,
                env=child_environment(**bind | variables),
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
            )
        try:
            wait_until(self._answers, what="gunicorn", found=log.read_text)
        except BaseException:
            self.stop()
            raise

    def _answers(self) -> bool:
        assert self._process.poll() is None, self.log.read_text()
        connection = HTTPConnection("127.0.0.1", self.port, timeout=5)
        try:
            connection.request("GET", "/healthz")
            return bool(connection.getresponse().status)  # whatever it is: it may send to HTTPS, or know no such host
        except OSError:
            return False
        finally:
            connection.close()

    def stop(self) -> None:
        """Tell it to stop, and wait until it has."""
        stop_process(self._process)

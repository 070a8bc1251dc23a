"""A PgBouncer in front of a test's PostgreSQL, in transaction mode: two server connections for all that come."""

import shutil
import signal
import subprocess
from pathlib import Path

from tests.mail_server import free_port
from tests.postgresql import Cluster
from tests.waiting import wait_until

CONFIGURATION = """
[databases]
postgres = host={folder} port={server_port} user=postgres
[pgbouncer]
listen_addr = 127.0.0.1
listen_port = {port}
unix_socket_dir =
auth_type = any
pool_mode = transaction
default_pool_size = 2
logfile = {folder}/pgbouncer.log
{more}
"""


def find_pgbouncer() -> str | None:
    """Return the program's path, which Debian has where only root looks."""
    return shutil.which("pgbouncer", path="/usr/sbin:/usr/local/sbin:/usr/bin:/usr/local/bin")


class Pooler:
    """A running PgBouncer; `url` is what DATABASE_URL is set to."""

    def __init__(self, cluster: Cluster, more: str = "") -> None:
        """Start it; `more` is added to its configuration."""
        port = free_port()
        file = Path(cluster.folder) / f"pgbouncer-{port}.ini"
        file.write_text(CONFIGURATION.format(folder=cluster.folder, server_port=cluster.port, port=port, more=more))
        if name := cluster.account.get("user"):
            shutil.chown(file, name)
        self.url = f"postgres://postgres@127.0.0.1:{port}/postgres"
        command = [str(find_pgbouncer()), "-q", str(file)]
        self._process = subprocess.Popen(command, cwd=cluster.folder, stderr=subprocess.DEVNULL, **cluster.account)
        command = [str(cluster.programs / "pg_isready"), "-q", "-h", "127.0.0.1", "-p", str(port)]
        wait_until(lambda: subprocess.run(command, check=False).returncode == 0, what="PgBouncer")

    def stop(self) -> None:
        """Stop it."""
        self._process.send_signal(signal.SIGINT)
        self._process.wait(30)

"""A queue server of a test's own, to which it can do harm."""

import os
import signal
from pathlib import Path

import psutil
from redis import Redis

from development import embedded_server
from tests.waiting import wait_until

PATIENCE = 2  # seconds that a client waits for an answer; the site's own default is 5


class QueueServer:
    """The embedded server, in a folder of its own, with its append-only file; `url` is what REDIS_URL is set to."""

    def __init__(self, folder: Path) -> None:
        """Start it."""
        self._folder = folder
        (folder / "queue").mkdir(parents=True)
        self.url = f"{embedded_server.url_of(folder)}&socket_timeout={PATIENCE}"
        self.start()

    def start(self) -> None:
        """Start it, on the data that the last one left."""
        self._process = embedded_server.start_server(self._folder)
        embedded_server.wait_until_ready(self._process, embedded_server.socket_path(self._folder))

    def kill(self) -> None:
        """Kill it: it is away until the next start."""
        self._process.kill()
        self._process.wait()

    def restart(self) -> None:
        """Kill it, and start it on its append-only file."""
        self.kill()
        self.start()

    def empty(self) -> None:
        """Have it lose its data."""
        Redis.from_url(self.url).flushall()

    def pause(self) -> None:
        """Have it hang: it takes connections, and answers nothing."""
        os.kill(self._process.pid, signal.SIGSTOP)
        wait_until(lambda: psutil.Process(self._process.pid).status() == psutil.STATUS_STOPPED)

    def resume(self) -> None:
        """Have it go on, with what it was sent meanwhile."""
        os.kill(self._process.pid, signal.SIGCONT)

    def mend(self) -> None:
        """Have it run, whatever was done to it."""
        if self._process.poll() is None:
            self.resume()
            self._accept_writes()
        else:
            self.start()

    def fill(self) -> None:
        """Have no memory left for anything new."""
        self._admin.config_set("maxmemory", 1)

    def become_replica(self) -> None:
        """Copy another server, as after a failover, and refuse writes."""
        self._admin.replicaof("127.0.0.1", 1)

    def lose_disk(self) -> None:
        """Be unable to save a snapshot, and refuse writes therefore."""
        (self._folder / "queue" / "dump.rdb").mkdir()
        self._admin.config_set("save", "3600 1")
        self._admin.bgsave()
        wait_until(lambda: self._admin.info("persistence")["rdb_last_bgsave_status"] == "err", what="The failure")

    def forbid(self) -> None:
        """Deny everybody what queueing a job needs."""
        self._admin.acl_setuser("default", enabled=True, commands=["-rpush", "-hset"])

    def miss_replicas(self) -> None:
        """Refuse writes for want of replicas."""
        self._admin.config_set("min-replicas-to-write", 1)

    @property
    def _admin(self) -> Redis:
        return Redis.from_url(self.url)

    def _accept_writes(self) -> None:
        admin = self._admin
        admin.replicaof("NO", "ONE")
        admin.config_set("maxmemory", 0)
        admin.config_set("save", "")
        admin.config_set("min-replicas-to-write", 0)
        admin.acl_setuser("default", enabled=True, categories=["+@all"])

"""The commands that run on each host, as its operator would write them."""

import os
import shutil
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path
from urllib.parse import urlencode

from development.embedded_server import server_binary
from e2e.hosts.host import Host
from e2e.hosts.network import NUMBERS, address_of
from tests.bucket import BUCKET, CREDENTIALS
from tests.postgresql import find_programs, server_account

SITE = "microblog.test"
WEB_PORT, STORAGE_PORT, MAIL_PORT = 8000, 9000, 2525
PASSWORD = "a-password-of-the-servers"
RESTARTED = 'while :; do "$@"; sleep 1; done'


def addresses_of_servers() -> dict[str, str]:
    """Return the variables by which a web machine or a worker finds the other hosts."""
    endpoint = urlencode({"endpoint_url": storage_endpoint()})
    return {
        "DATABASE_URL": f"postgres://postgres:{PASSWORD}@{address_of('database')}:5432/postgres",
        "REDIS_URL": f"redis://:{PASSWORD}@{address_of('queue')}:6379/0",
        "EXPORT_STORAGE_URL": f"s3://{BUCKET}/some/prefix?{endpoint}",
        "EMAIL_URL": f"smtp://{address_of('mail')}:{MAIL_PORT}",
        **CREDENTIALS,
    }


def storage_endpoint() -> str:
    """Return the address of the S3 server."""
    return f"http://{address_of('storage')}:{STORAGE_PORT}"


def make_hosts(folder: Path, variables: Mapping[str, str]) -> dict[str, Host]:
    """Return all hosts, none booted; each has a folder of its own under `folder`, which is its disk."""
    commands = {
        "web1": _web("web1"),
        "web2": _web("web2"),
        "worker1": _worker(),
        "worker2": _worker(),
        "database": _database(folder / "database"),
        "queue": _queue(folder / "queue"),
        "storage": _storage(folder / "storage"),
        "mail": _mail(folder / "mail"),
    }
    hosts = {}
    for name in NUMBERS:
        disk = folder / name
        disk.mkdir(exist_ok=True)
        own = {"PATH": os.environ["PATH"], "PYTHONUNBUFFERED": "1", "VAR_DIR": str(disk)}
        hosts[name] = Host(name, commands[name], log=folder / f"{name}.log", variables={**variables, **own})
    return hosts


def _web(name: str) -> list[str]:
    options = ["--workers", "2", "--threads", "4", "--bind", f"{address_of(name)}:{WEB_PORT}"]
    return [sys.executable, "-m", "gunicorn", "microblog_project.wsgi", *options]


def _worker() -> list[str]:
    return ["sh", "-c", RESTARTED, "sh", sys.executable, "manage.py", "rqworker", "default"]


def _database(disk: Path) -> list[str]:
    """Make the data on the host's disk, and return the server's command."""
    account = server_account()
    disk.mkdir()
    password = disk / "password"
    password.write_text(PASSWORD)
    for path in (disk, password):
        shutil.chown(path, account.get("user", os.geteuid()))
    data, programs = str(disk / "data"), find_programs()
    options = ["-A", "scram-sha-256", "--pwfile", str(password), "-U", "postgres", "-E", "UTF8", "--locale=C", "-N"]
    initdb = [str(programs / "initdb"), "-D", data, *options]
    subprocess.run(initdb, cwd=disk, stdout=subprocess.DEVNULL, check=True, **account)
    with (disk / "data/pg_hba.conf").open("a") as rules:
        rules.write("host all all 10.77.0.0/24 scram-sha-256\n")
    # The first process of the host may be root, this one not. A host without power leaves the old one's file behind.
    user = f"setpriv --reuid {account['user']} --regid {account['group']} --clear-groups" if account else ""
    start = f'rm -f "$1/postmaster.pid"; exec {user} "$2" -D "$1" -k "" -h "$3" -c full_page_writes=off -c fsync=off'
    return ["sh", "-c", start, "sh", data, str(programs / "postgres"), address_of("database")]


def _queue(disk: Path) -> list[str]:
    options = {
        "bind": address_of("queue"),
        "requirepass": PASSWORD,
        "dir": str(disk),
        "appendonly": "yes",
        "save": "",
        "maxmemory-policy": "noeviction",
    }
    return [str(server_binary()), *(part for name, value in options.items() for part in (f"--{name}", value))]


def _storage(disk: Path) -> list[str]:
    journal = str(disk / "journal")
    return [sys.executable, "-m", "e2e.hosts.object_store", address_of("storage"), str(STORAGE_PORT), journal]


def _mail(disk: Path) -> list[str]:
    listen = ["--nosetuid", "--listen", f"{address_of('mail')}:{MAIL_PORT}"]
    return [sys.executable, "-m", "aiosmtpd", *listen, "--class", "aiosmtpd.handlers.Mailbox", str(disk / "arrived")]

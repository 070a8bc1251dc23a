"""The whole site in one terminal, for development: queue server, web server and one worker.

`manage.py` itself starts the embedded queue server (see `development.embedded_server`) when none is configured; the
server stops with its last user.
"""

import errno
import os
import signal
import socket
import sys
import time
from subprocess import Popen
from typing import Any, NoReturn
from urllib.request import ProxyHandler, build_opener

from django.conf import settings
from django.core.management import call_command
from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.db import Error, connection

from core.translations import compile_messages
from development import watchdog
from development.mail_viewer import is_in_use
from development.process_output import Terminal, say, start
from development.process_tree import PATIENCE, stop_in_order

HOST = "127.0.0.1"
DEFAULT_PORT, LAST_PORT = 8000, 65535
# SIGINT too: shells ignore it for processes in the background, and Python then installs no handler.
STOPS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
START_TIMEOUT = 30.0  # seconds
PORT_PATIENCE = 3.0  # seconds that a port may be taken: a site that was just killed needs a moment to end


class Command(BaseCommand):
    """`manage.py run_site`; PORT chooses the port."""

    help = "Run web server, worker and (if none is configured) queue server together, with a demo to look at."
    requires_system_checks: list[str] = []

    def add_arguments(self, parser: CommandParser) -> None:
        """Add `--parent`."""
        parser.add_argument("--parent", type=int, help="stop when this process, our parent (make), is gone")

    def handle(self, *_args: Any, parent: int | None, **_options: Any) -> None:
        """Prepare everything, start the processes, and run until Ctrl-C."""
        if not settings.DEBUG:
            raise CommandError(
                "run_site is for development, and SECRET_KEY puts the site in production. Unset it or set DEBUG=1; "
                "in production run `gunicorn microblog_project.wsgi` and `python manage.py rqworker default`."
            )
        port, terminal = chosen_port(), Terminal()
        for signum in STOPS:
            signal.signal(signum, interrupt)
        try:
            wait_for_port(port)
            prepare()
            run(port, parent, terminal)
        except KeyboardInterrupt:
            say("site", "Stopped.")


def chosen_port() -> int:
    """Return PORT, 8000 without one."""
    text = os.environ.get("PORT") or str(DEFAULT_PORT)
    if not (text.isascii() and text.isdigit() and 0 < int(text) <= LAST_PORT):
        raise CommandError(f"PORT={text!r} is not a port number. Use a number from 1 to 65535, such as PORT=8001.")
    return int(text)


def wait_for_port(port: int) -> None:
    """Return when the port is free; raise CommandError if it stays taken, or is not ours to take."""
    deadline = time.monotonic() + PORT_PATIENCE
    while error := error_of_listening(port):
        if error.errno == errno.EACCES:
            raise CommandError(
                f"Port {port} is reserved for root on this machine. Choose one above 1023: PORT=8080 make run"
            )
        if error.errno != errno.EADDRINUSE:
            raise CommandError(f"Port {port} cannot be used: {error.strerror}.")
        if time.monotonic() > deadline:
            another = port + 1 if port < LAST_PORT else DEFAULT_PORT
            raise CommandError(f"Port {port} is taken by another program. Choose another: PORT={another} make run")
        time.sleep(0.1)


def error_of_listening(port: int) -> OSError | None:
    """Return why we cannot listen on the port, None if we can."""
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((HOST, port))
        except OSError as error:
            return error
    return None


def prepare() -> None:
    """Bring translations, database and demo up to date."""
    try:
        for folder in settings.LOCALE_PATHS:
            compile_messages(folder)
        call_command("migrate", verbosity=0)
        call_command("seed_demo", verbosity=0)
    except Error as error:
        where = settings.DATABASES["default"]["NAME"]
        reason = str(error).strip().splitlines()[0] if str(error).strip() else type(error).__name__
        remedy = "Make room on that disk." if "full" in reason else "Check DATABASE_URL."
        raise CommandError(f"The database {where} cannot be used: {reason}. {remedy}") from error
    except OSError as error:
        raise CommandError(f"{error.filename} cannot be written: {error.strerror}.") from error
    finally:
        connection.close()


def run(port: int, parent: int | None, terminal: Terminal) -> None:
    """Start worker and web server, print the addresses, and stop both on request or when one of them ends."""
    watch = watchdog.start()
    # They are stopped in this order, too: the worker must not lose the server that it works with.
    commands = {"worker": ["rqworker", "default"], "web": ["runserver", "--noreload", f"{HOST}:{port}"]}
    processes: dict[str, Popen[str]] = {}
    try:
        for name, command in commands.items():
            processes[name] = start(name, [sys.executable, "manage.py", *command], os.environ | {"PORT": str(port)})
            watch.write(f"{processes[name].pid}\n".encode())
        wait_until_it_answers(port, processes)
        introduce(port)
        wait_for_an_end(processes, parent, terminal)
    finally:
        for signum in STOPS:
            signal.signal(signum, signal.SIG_IGN)  # once is enough
        say("site", f"Stopping ... (a job at work has {PATIENCE:.0f} s to end; the next start takes it up again)")
        stop_in_order(process.pid for process in processes.values())


def interrupt(_signum: int, _frame: object) -> NoReturn:
    """Treat a request to stop like Ctrl-C."""
    raise KeyboardInterrupt


def wait_until_it_answers(port: int, processes: dict[str, "Popen[str]"]) -> None:
    """Return when the web server answers; raise CommandError if a process ends, or it takes too long."""
    deadline = time.monotonic() + START_TIMEOUT
    while time.monotonic() < deadline:
        check_alive(processes)
        if answers(port):
            return
        time.sleep(0.1)
    raise CommandError(f"The web server does not answer on port {port} after {START_TIMEOUT:.0f} s.")


def answers(port: int) -> bool:
    """Return whether the web server is up; ask it directly, as a proxy of the environment's cannot reach it."""
    try:
        with build_opener(ProxyHandler({})).open(f"http://{HOST}:{port}/healthz", timeout=5):
            return True
    except OSError:  # no connection, or a status above 399
        return False


def wait_for_an_end(processes: dict[str, "Popen[str]"], parent: int | None, terminal: Terminal) -> None:
    """Return when `parent` or the terminal is gone; raise CommandError when a process ends, which none should."""
    while (parent is None or os.getppid() == parent) and not terminal.is_gone():
        check_alive(processes)
        time.sleep(0.2)


def check_alive(processes: dict[str, "Popen[str]"]) -> None:
    """Raise CommandError if one of the processes has ended."""
    for name, process in processes.items():
        if process.poll() is not None:
            raise CommandError(f"The {name} stopped with code {process.returncode}, so everything stopped.")


def introduce(port: int) -> None:
    """Print the site's addresses, and how to sign in."""
    mail = f"http://localhost:{port}/dev/mail/" if is_in_use() else f"sent through {mail_carrier()}"
    for line in (
        f"Microblog is at http://localhost:{port}/",
        "Sign in as demo / demo-microblog, or as admin / admin-microblog for /admin/",
        f"Mail: {mail}",
        "Ctrl-C stops everything.",
    ):
        say("site", line)


def mail_carrier() -> str:
    """Return what delivers the emails: the SMTP server, or the name of another backend."""
    if settings.EMAIL_BACKEND.endswith(".smtp.EmailBackend"):
        return f"{settings.EMAIL_HOST}:{settings.EMAIL_PORT}"
    return str(settings.EMAIL_BACKEND).rsplit(".", 2)[-2]

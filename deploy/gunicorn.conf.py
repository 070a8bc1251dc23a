"""How gunicorn runs the site: `gunicorn --config deploy/gunicorn.conf.py`, wherever it runs.

From the environment: WEB_CONCURRENCY (processes), WEB_THREADS (threads in each), WEB_BIND (where to listen), or PORT
alone on hosts that assign one. A socket that systemd hands over takes the place of WEB_BIND.
"""

import os
from pathlib import Path

from operations.gunicorn_hooks import SiteLogger, child_exit, make_folder, on_exit, pre_fork

__all__ = ["child_exit", "on_exit", "pre_fork"]

wsgi_app = "microblog_project.wsgi"

_port = os.environ.get("PORT")
bind = os.environ.get("WEB_BIND") or (f"0.0.0.0:{_port}" if _port else "127.0.0.1:8000")

# Each thread keeps a connection to the database while it is busy: PostgreSQL must allow processes times threads.
worker_class = "gthread"
workers = int(os.environ.get("WEB_CONCURRENCY") or 2)
threads = int(os.environ.get("WEB_THREADS") or 4)

timeout = 30  # seconds without a sign of life from a process; a long download does not count, a hanging one does
graceful_timeout = 30  # seconds that requests have to end when the server is told to stop; supervisors give it longer
keepalive = 75  # seconds; longer than nginx keeps its connections (60), so that none is closed as it is used again

# Whatever grows in a process for days ends with it; not in all of them at once.
max_requests = 20_000
max_requests_jitter = 4_000

# Signs of life are written to a file: on a disk that is busy a process would look dead.
worker_tmp_dir = "/dev/shm" if Path("/dev/shm").is_dir() else None  # noqa: S108 - gunicorn makes the file's name
control_socket_disable = True  # a supervisor controls it, by signals

# The site writes the lines of requests itself, with their ids; this is what the server says of its own.
logger_class = SiteLogger
errorlog = "-"

make_folder()  # for the requests that its processes count

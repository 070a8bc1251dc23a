"""The world of a run, made before Django reads its settings: a folder, a database, and the environment."""

import os
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from core.translations import compile_messages
from development.embedded_server import BASE_DIR, url_of
from tests.environment import forget_developers_settings
from tests.mail_server import free_port
from tests.postgresql import Cluster

# Production settings, but without a cooldown, and every file is kept for the final checks.
SETTINGS = {
    "DJANGO_SETTINGS_MODULE": "microblog_project.settings",
    "SECRET_KEY": "a key for as long as the run lasts",
    "ALLOWED_HOSTS": "127.0.0.1",
    "EXPORT_COOLDOWN": "0",
    "EXPORT_START_LIMIT": "0",
    "API_LIMIT": "0",
    "POST_LIMIT": "0",
    "CHANGE_LIMIT": "0",
    "SEARCH_LIMIT": "0",
    "EXPORT_FREE_SPACE_RESERVE": "0",
    "EXPORT_MAX_ARCHIVES": "1000000",
    "EXPORT_ATTACHMENT_LIMIT": "100000",  # some files are attached, some linked
    "EXPORT_LARGE_FROM": "4000",  # three of the six members
}
SHORT_TIMES = {
    "EXPORT_STALE_AFTER": "4",
    "EXPORT_PROGRESS_INTERVAL": "0.3",
    "EXPORT_RECONCILE_INTERVAL": "1",
    "EXPORT_HOUSEKEEPING_INTERVAL": "2",
    "EXPORT_STOP_GRACE": "2",
    "EXPORT_RETRY_PAUSES": "1,3",
    "EMAIL_TIMEOUT": "5",
}


@contextmanager
def world(*, database: str, production_times: bool, keep: bool) -> Iterator[tuple[Path, Cluster | None]]:
    """Put the run's settings into the environment, and yield its folder, which is gone afterwards, and PostgreSQL."""
    folder = Path(tempfile.mkdtemp(prefix="chaos-")).resolve()
    cluster = Cluster(may_crash=True) if database == "postgresql" else None
    forget_developers_settings()
    compile_messages(BASE_DIR / "locale")
    os.environ |= SETTINGS | ({} if production_times else SHORT_TIMES)
    os.environ |= {
        "VAR_DIR": str(folder / "var"),
        "DATABASE_URL": cluster.url if cluster else f"sqlite:///{folder}/db.sqlite3",
        "REDIS_URL": url_of(folder),
        "PORT": str(free_port()),
        "SITE_URL": "http://127.0.0.1",
    }
    try:
        yield folder, cluster
    finally:
        if cluster:
            cluster.stop()
        if keep:
            print(f"The logs are in {folder}")
        else:
            shutil.rmtree(folder, ignore_errors=True)

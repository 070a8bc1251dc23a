"""Checks of what every app needs: the settings, the database, its migrations, the cache's table, the mail server."""

import os
import time
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Any, cast
from urllib.parse import urlsplit

from django.conf import settings
from django.core import checks
from django.db import connection
from django.db.migrations.loader import MigrationLoader
from django.db.migrations.recorder import MigrationRecorder
from django.http.request import validate_host
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext

from core.health import Finding, Status, check, failing, ok, warning
from core.mail.sending import mail_connection
from core.postgresql.base import DatabaseWrapper

CLOCK_TOLERANCE = 2.0  # seconds
CONNECTIONS_IN_USE = 0.8  # of max_connections
MAIL_TIMEOUT = 10  # seconds
DATABASE_HINT = gettext_lazy("Start the database server, or correct DATABASE_URL. The server's log has the cause.")
MAIL_HINT = "Correct EMAIL_URL (smtp+tls://user:password@host:587), and check that this machine can reach that host."
SMTP = "django.core.mail.backends.smtp.EmailBackend"
LOCAL = {"localhost", "127.0.0.1", "::1"}

FACTS = """
SELECT current_setting('server_encoding'), pg_is_in_recovery() OR current_setting('transaction_read_only') = 'on',
  extract(epoch FROM clock_timestamp())::float, current_setting('max_connections')::int,
  (SELECT count(*) FROM pg_stat_activity WHERE backend_type = 'client backend')
"""


@check("database", hint=DATABASE_HINT, unready_from=Status.FAILING)
def database() -> Iterator[Finding]:
    """Ask the database for an answer."""
    query("SELECT 1")
    yield ok(f"{connection.display_name} {'.'.join(map(str, connection.get_database_version()))}")


def query(sql: str) -> tuple[Any, ...]:
    """Return the first row of an answer."""
    with connection.cursor() as cursor:
        cursor.execute(sql)
        row: tuple[Any, ...] = cursor.fetchone()
        return row


@check("migrations", unready_from=Status.FAILING)
def migrations() -> Iterator[Finding]:
    """Compare the migrations of the code with those of the database."""
    known, applied = _migrations_on_disk(), set(MigrationRecorder(connection).applied_migrations())
    if missing := sorted(known - applied):
        text = ngettext(
            "%(count)d migration is not applied: %(name)s.",
            "%(count)d migrations are not applied, %(name)s first.",
            len(missing),
        )
        names = {"count": len(missing), "name": ".".join(missing[0])}
        yield failing(text % names, _("Run python manage.py migrate."))
    if newer := sorted(applied - known):
        yield warning(
            _("The database has migrations that this code doesn't have: %s.") % ", ".join(map(".".join, newer)),
            _("This code is older than the database. Deploy the newer release here, too."),
        )


@cache
def _migrations_on_disk() -> set[tuple[str, str]]:
    return set(MigrationLoader(None, ignore_no_migrations=True).disk_migrations)


@check("database server", deep=True, hint=DATABASE_HINT)
def database_server() -> Iterator[Finding]:
    """Look at the settings of the database's server."""
    yield from _sqlite() if connection.vendor == "sqlite" else _postgresql()


def _sqlite() -> Iterator[Finding]:
    file = Path(connection.settings_dict["NAME"])
    for path in (file, file.parent):
        if not os.access(path, os.W_OK):
            yield failing(f"{path} can't be written", "Give it to the user who runs the site.")
    if (mode := query("PRAGMA journal_mode")[0]) != "wal":
        yield failing(f"journal mode {mode}", "Put the file on a local disk: WAL does not work over a network.")


def _postgresql() -> Iterator[Finding]:
    asked_at = time.time()
    encoding, is_read_only, clock, limit, used = query(FACTS)
    if encoding != "UTF8":
        yield failing(f"encoding {encoding}", "Recreate the database with ENCODING 'UTF8', and restore into it.")
    if is_read_only:
        yield failing("read-only", "Point DATABASE_URL at the primary, not at a standby.")
    yield clock_finding(clock, asked_at)
    connections = f"{used} of {limit} connections in use"
    if used > limit * CONNECTIONS_IN_USE:
        yield warning(connections, "Raise max_connections, or use PgBouncer: each web thread and job holds one.")
    else:
        yield ok(connections)
    if lost := cast(DatabaseWrapper, connection).lost:
        commands = " ".join(f"ALTER ROLE CURRENT_USER SET {name} = '{value}';" for name, value in lost.items())
        hint = "Set them for the site's role, then RECONNECT in the pooler. Transactions have them anyway"
        yield warning(f"a pooler withholds {', '.join(lost)}", f"{hint}: {commands}")


def clock_finding(theirs: float, asked_at: float) -> Finding:
    """Compare a server's clock (seconds since 1970) with ours; the answer took from `asked_at` until now."""
    skew = theirs - (asked_at + time.time()) / 2
    text = f"clock {skew:+.2f} seconds from this machine's"
    if abs(skew) > CLOCK_TOLERANCE:
        return failing(text, "Have a time service (chrony, systemd-timesyncd) set the clocks of all machines.")
    return ok(text)


@check("cache table", deep=True, hint="Run manage.py createcachetable.")
def cache_table() -> Iterator[Finding]:
    """Read the table of the rate limits."""
    table = connection.ops.quote_name(str(settings.CACHES["default"]["LOCATION"]))
    yield ok(f"{query(f'SELECT count(*) FROM {table}')[0]} rows")  # noqa: S608 - the name is ours


@check("mail", deep=True, hint=MAIL_HINT)
def mail() -> Iterator[Finding]:
    """Sign in to the mail server, and send nothing."""
    if settings.EMAIL_BACKEND != SMTP:
        yield ok(f"{settings.EMAIL_BACKEND}; only --send-mail ADDRESS can try it")
        return
    with mail_connection(timeout=MAIL_TIMEOUT):
        yield ok(f"{settings.EMAIL_HOST}:{settings.EMAIL_PORT} accepts the connection")


@checks.register
def check_site_url(**_kwargs: Any) -> Iterator[checks.CheckMessage]:
    """Demand a host in SITE_URL."""
    if not urlsplit(settings.SITE_URL).hostname:
        hint = "Set SITE_URL to the public address, such as https://microblog.example."
        yield checks.Error(f"SITE_URL={settings.SITE_URL!r} has no host.", hint=hint, id="microblog.E001")


@checks.register(checks.Tags.security, deploy=True)
def check_addresses(**_kwargs: Any) -> Iterator[checks.CheckMessage]:
    """Demand that the site's address is encrypted, and accepted by the site itself."""
    if not settings.HTTPS:
        hint = "Set SITE_URL to https://..., and have the proxy speak TLS: otherwise passwords travel in clear text."
        yield checks.Error(f"SITE_URL={settings.SITE_URL!r} is not encrypted.", hint=hint, id="microblog.E002")
    if "*" in settings.ALLOWED_HOSTS:
        hint = "List the hosts: otherwise emails can be made to link to other sites."
        yield checks.Error("ALLOWED_HOSTS accepts every host.", hint=hint, id="microblog.E003")
    elif not validate_host(settings.SITE_HOST, settings.ALLOWED_HOSTS):
        hint = f"Add {settings.SITE_HOST}, the host of SITE_URL."
        yield checks.Error(
            f"ALLOWED_HOSTS={settings.ALLOWED_HOSTS} lacks the site's host.", hint=hint, id="microblog.E004"
        )
    if settings.SITE_URL not in settings.CSRF_TRUSTED_ORIGINS:
        hint = f"Add {settings.SITE_URL}: without it forms can be refused behind a proxy."
        yield checks.Warning("CSRF_TRUSTED_ORIGINS lacks SITE_URL.", hint=hint, id="microblog.W001")


@checks.register(deploy=True)
def check_email(**_kwargs: Any) -> Iterator[checks.CheckMessage]:
    """Demand that emails are sent, from an address of the site, and without showing the password."""
    if settings.EMAIL_BACKEND.endswith("filebased.EmailBackend"):
        hint = "Set EMAIL_URL or a provider's ANYMAIL_ variables: until then members get no email."
        yield checks.Error(f"Emails are kept in files under {settings.MAIL_DIR}.", hint=hint, id="microblog.E005")
    is_encrypted = settings.EMAIL_USE_TLS or settings.EMAIL_USE_SSL or settings.EMAIL_HOST in LOCAL
    if settings.EMAIL_HOST_USER and not is_encrypted:
        hint = "Use smtp+tls:// or smtp+ssl:// in EMAIL_URL."
        yield checks.Warning("The mail server's password is sent in clear text.", hint=hint, id="microblog.W002")
    if "@" not in settings.DEFAULT_FROM_EMAIL or "@localhost" in settings.DEFAULT_FROM_EMAIL:
        hint = "Set DEFAULT_FROM_EMAIL to an address that the mail server may send from."
        yield checks.Warning(f"{settings.DEFAULT_FROM_EMAIL!r} is no public sender.", hint=hint, id="microblog.W003")

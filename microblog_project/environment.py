"""Turn environment variables into Django's settings: database, archives, email, queue server, secret key."""

import os
import re
import secrets
from collections.abc import Collection, Iterator, Mapping
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl, urlsplit

import environ
from django.core.exceptions import ImproperlyConfigured

SQLITE_PRAGMAS = "PRAGMA journal_mode=WAL; PRAGMA synchronous=NORMAL;"

HIGHEST = 14
"""The highest EXPORT_NICENESS: large exports add 5, and 19 is the highest nice value that there is."""

# A database host that loses its network closes no connection, so clients would wait for ever. The first is in seconds,
# for a new connection; the second how long sent data may stay unacknowledged (milliseconds); the others when to probe
# the connection during a long query (seconds).
POSTGRESQL_SILENCE = {
    "connect_timeout": 5,
    "tcp_user_timeout": 10_000,
    "keepalives_idle": 5,
    "keepalives_interval": 2,
    "keepalives_count": 3,
}
# The same for the server: a session whose client is lost or idle in a transaction would keep its rows locked.
# No query here gains from being compiled, and a search would take ten times as long.
POSTGRESQL_SESSION = {
    "idle_in_transaction_session_timeout": "60s",
    "jit": "off",
    "tcp_keepalives_count": "3",
    "tcp_keepalives_idle": "5",
    "tcp_keepalives_interval": "2",
    "tcp_user_timeout": "10000",
}

ANYMAIL_PROVIDERS = (
    "brevo", "mailersend", "mailgun", "mailjet", "mailtrap", "mandrill", "postmark", "resend", "scaleway", "sendgrid",
    "sparkpost", "unisender_go",
)  # fmt: skip
"""Anymail's backend modules; each provider's variables begin with the module's name (ANYMAIL_<NAME>_...)."""

STORAGE_HINT = (
    "Use s3://bucket/prefix?region_name=eu-west-1, or s3://bucket/prefix?endpoint_url=https://host for another "
    "service than Amazon's."
)
BUCKET_NAME = re.compile(r"[A-Za-z0-9._-]{3,255}")
ENDPOINT = re.compile(r"https?://[A-Za-z0-9.-]+(:[0-9]{1,5})?")
LOCATION = re.compile(r"/[A-Za-z0-9_-]+/")


class Env(environ.Env):
    """The environment; the errors for unreadable values name the variable."""

    def get_value(self, var: str, *args: Any, **kwargs: Any) -> Any:
        """Return the value, the default if it is empty; raise ImproperlyConfigured if it cannot be read as its type."""
        if os.environ.get(var) == "" and "default" in kwargs:
            return kwargs["default"]
        try:
            return super().get_value(var, *args, **kwargs)
        except ValueError as error:
            raise ImproperlyConfigured(f"{var}={os.environ.get(var)!r} cannot be read: {error}.") from error

    def one_of(self, var: str, choices: Collection[str], *, default: str) -> str:
        """Return one of `choices`; raise ImproperlyConfigured for anything else."""
        if (value := self.str(var, default="") or default) not in choices:
            raise ImproperlyConfigured(f"{var}={value!r} is unknown. Use one of: {', '.join(choices)}.")
        return str(value)

    def positive(self, var: str, *, default: int) -> int:
        """Return a number above 0; raise ImproperlyConfigured for any other."""
        if (value := int(self.int(var, default=default))) <= 0:
            raise ImproperlyConfigured(f"{var}={value} is out of range. Use a number above 0.")
        return value

    def nice_value(self, var: str, *, default: int) -> int:
        """Return a nice value, 0 to HIGHEST; raise ImproperlyConfigured for any other: those below 0 are root's."""
        if not 0 <= (value := int(self.int(var, default=default))) <= HIGHEST:
            raise ImproperlyConfigured(f"{var}={value} is out of range. Use a nice value of 0 to {HIGHEST}.")
        return value

    def rate_limit(self, var: str, unit: str, *, default: int) -> str:
        """Return a number for each `unit`, as django-allauth writes a rate limit; "", no limit, for 0."""
        number = self.int(var, default=default)
        return f"{number}/{unit}" if number else ""


def shown(url: str) -> str:
    """Return the URL, or a text with one, without a password."""
    return re.sub("//([^/:@]*):.*@", r"//\1:***@", url)


@contextmanager
def reading(variable: str, url: str, hint: str) -> Iterator[None]:
    """Raise ImproperlyConfigured, with the hint, for whatever the block raises because it cannot read the URL."""
    try:
        yield
    except Exception as error:
        reason = f"{variable} {shown(url)!r} cannot be read ({shown(str(error))})."
        raise ImproperlyConfigured(f"{reason} {hint}") from error


def development_secret_key(path: Path) -> str:
    """Return the key kept in `path`, making it first if needed: web server and worker share it.

    The complete key is linked into place, so two processes that start at the same moment read the same one.
    """
    if not path.exists():
        draft = path.with_name(f"{path.name}.{os.getpid()}")
        draft.write_text(secrets.token_urlsafe(50))
        with suppress(FileExistsError):  # the other process was first
            os.link(draft, path)
        draft.unlink()
    return path.read_text()


def database(url: str) -> dict[str, Any]:
    """Return Django's DATABASES entry for `url`, tuned for readers and a worker side by side."""
    with reading("DATABASE_URL", url, "Use sqlite:////path/to/file or postgres://user:password@host:5432/name."):
        if (scheme := urlsplit(url).scheme) not in environ.Env.DB_SCHEMES:
            raise ValueError(f"no database is called {scheme!r}")
        config: dict[str, Any] = environ.Env.db_url_config(url)
    config["CONN_MAX_AGE"] = 60  # seconds; connecting takes a third of a poll's time, on SQLite too
    if config["ENGINE"] == "django.db.backends.sqlite3":
        # IMMEDIATE takes the write lock at BEGIN, where SQLite can wait for it; a lock taken later cannot wait.
        config["OPTIONS"] = {"transaction_mode": "IMMEDIATE", "timeout": 20, "init_command": SQLITE_PRAGMAS}
        # A file, not memory: workers started by a test must see the test's rows.
        config["TEST"] = {"NAME": f"{config['NAME']}.test"}
    else:
        if config["ENGINE"] == "django.db.backends.postgresql":
            config["ENGINE"] = "core.postgresql"
        config["CONN_HEALTH_CHECKS"] = True
        # What the URL says, such as `?options=`, wins.
        options = " ".join(f"-c {name}={value}" for name, value in POSTGRESQL_SESSION.items())
        config["OPTIONS"] = {**POSTGRESQL_SILENCE, "options": options, **config.get("OPTIONS", {})}
    return config


def accel_location(location: str) -> str:
    """Return nginx's location of the archives; raise ImproperlyConfigured if it cannot be one."""
    if location and not LOCATION.fullmatch(location):
        raise ImproperlyConfigured(
            f"EXPORT_ACCEL_LOCATION={location!r} is no location. Use /_exports/, as deploy/nginx/microblog.conf does."
        )
    return location


def exports_storage(url: str, folder: Path, *, group_may_read: bool = False) -> dict[str, Any]:
    """Return the STORAGES entry of the archives: the bucket at `url`, or the private `folder` without one.

    A proxy that sends the files itself is in the group; no other program should be.
    """
    if url:
        with reading("EXPORT_STORAGE_URL", url, STORAGE_HINT):
            return {"BACKEND": "exports.storage.object_storage.ObjectStorage", "OPTIONS": _bucket(url)}
    return {
        "BACKEND": "django.core.files.storage.FileSystemStorage",
        "OPTIONS": {
            "location": folder,
            "file_permissions_mode": 0o640 if group_may_read else 0o600,
            "directory_permissions_mode": 0o750 if group_may_read else 0o700,
        },
    }


def storage_origins(storage: Mapping[str, Any]) -> list[str]:
    """Return the other sites to which a STORAGES entry redirects downloads."""
    return [storage["OPTIONS"]["endpoint_url"]] if "endpoint_url" in storage["OPTIONS"] else []


def _bucket(url: str) -> dict[str, str]:
    """Return the bucket's options that `url` names; raise ValueError, with the reason, if it is wrong."""
    parts = urlsplit(url)
    options = dict(parse_qsl(parts.query, strict_parsing=bool(parts.query)))
    if parts.scheme != "s3":
        raise ValueError(f"no object storage is called {parts.scheme!r}")
    if not BUCKET_NAME.fullmatch(parts.netloc):
        raise ValueError("only the bucket's name stands after s3://; keys stand in AWS_ACCESS_KEY_ID and so on")
    if unknown := options.keys() - {"endpoint_url", "region_name"}:
        raise ValueError(f"{', '.join(sorted(unknown))}: only endpoint_url and region_name are known")
    if not options:
        raise ValueError("region_name or endpoint_url is missing")
    region = options.get("region_name", "us-east-1")
    endpoint = options.get("endpoint_url", f"https://s3.{region}.amazonaws.com").rstrip("/")
    if not ENDPOINT.fullmatch(endpoint):
        raise ValueError(f"endpoint_url {endpoint!r} is no https://host")
    return {
        "bucket_name": parts.netloc,
        "location": parts.path.strip("/"),
        "endpoint_url": endpoint,
        "region_name": region,
    }


def with_timeouts(redis_url: str) -> str:
    """Return `redis_url` with socket time-outs: a server that does not answer must not block a page."""
    parts = urlsplit(redis_url)
    if parts.scheme not in {"redis", "rediss", "unix"}:
        raise ImproperlyConfigured(
            f"REDIS_URL {shown(redis_url)!r} cannot be read. Use redis://host:6379/0, rediss://... or unix:///path.sock?db=0."
        )
    if "socket_timeout" in parts.query:
        return redis_url
    return with_option(redis_url, "socket_connect_timeout=3&socket_timeout=5")


def with_option(url: str, option: str) -> str:
    """Return the URL with the option added to its query."""
    return f"{url}{'&' if urlsplit(url).query else '?'}{option}"


def mail(variables: Mapping[str, str]) -> dict[str, Any]:
    """Return the email settings: SMTP from EMAIL_URL, else an Anymail provider's variables, else files."""
    if url := variables.get("EMAIL_URL"):
        with reading("EMAIL_URL", url, "Use smtp+tls://user:password@host:587."):
            config: dict[str, Any] = environ.Env.email_url_config(url)
        return {name: value for name, value in config.items() if value not in (None, "")}
    anymail = {name.removeprefix("ANYMAIL_"): value for name, value in variables.items() if name.startswith("ANYMAIL_")}
    for module in ANYMAIL_PROVIDERS:
        if any(name.startswith(module.upper()) for name in anymail):
            backend = f"anymail.backends.{module}.EmailBackend"
            return {"EMAIL_BACKEND": backend, "ANYMAIL": anymail, "MAIL_PROVIDER": module}
    if anymail:
        known = ", ".join(f"ANYMAIL_{module.upper()}_..." for module in ANYMAIL_PROVIDERS)
        raise ImproperlyConfigured(f"ANYMAIL_{next(iter(anymail))} names no provider. Known are: {known}")
    return {"EMAIL_BACKEND": "django.core.mail.backends.filebased.EmailBackend"}

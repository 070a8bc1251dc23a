"""Every setting of the site, from the environment; without any variable it is a development site.

docs/configuration.md lists the variables. Without SECRET_KEY the site is in development: DEBUG is on, the key
is made once and kept under `var/`, emails are written to files. With SECRET_KEY it is in production: DEBUG is off.
"""

import sys
from pathlib import Path
from typing import Any
from urllib.parse import quote, urlsplit

import django_stubs_ext
from csp.constants import NONE, SELF
from django.core.exceptions import ImproperlyConfigured
from django.utils.translation import gettext_lazy as _

from core import private
from core.requests import health_urls
from development import embedded_server, pseudo_locale
from microblog_project import environment
from operations import logs

django_stubs_ext.monkeypatch()

BASE_DIR = Path(__file__).resolve().parent.parent
env = environment.Env()  # type: ignore[no-untyped-call]

VAR_DIR = embedded_server.var_dir()
STATIC_ROOT = Path(env.str("STATIC_ROOT", default="") or VAR_DIR / "static").resolve()
# nginx's internal location of the archives: nginx then sends the files, and the application only names them.
EXPORT_ACCEL_LOCATION = environment.accel_location(env.str("EXPORT_ACCEL_LOCATION", default=""))
private.set_umask(sys.argv)
try:
    private.make_private(
        VAR_DIR, static=STATIC_ROOT, sent_by_proxy=[VAR_DIR / "exports"] if EXPORT_ACCEL_LOCATION else []
    )
    (VAR_DIR / "tmp").mkdir(exist_ok=True)
except OSError as error:
    raise ImproperlyConfigured(
        f"VAR_DIR {str(VAR_DIR)!r} cannot be used ({error.strerror}). Set VAR_DIR to a folder that you can write to."
    ) from error

# --- The site -------------------------------------------------------------------------------------------

SECRET_KEY = env.str("SECRET_KEY", default="")
DEBUG = env.bool("DEBUG", default=not SECRET_KEY)
if not SECRET_KEY:
    if not DEBUG:
        raise ImproperlyConfigured(
            "DEBUG is off and SECRET_KEY is not set. Set SECRET_KEY to a long random string: "
            'python -c "import secrets; print(secrets.token_urlsafe(50))"'
        )
    SECRET_KEY = environment.development_secret_key(VAR_DIR / "secret_key")

SITE_URL = env.str("SITE_URL", default=f"http://localhost:{env.int('PORT', default=8000)}").rstrip("/")
SITE_HOST = urlsplit(SITE_URL).hostname or ""
HTTPS = SITE_URL.startswith("https://")
ALLOWED_HOSTS = env.list(
    "ALLOWED_HOSTS", default=[SITE_HOST, "localhost", "127.0.0.1", "[::1]"] if DEBUG else [SITE_HOST]
)
CSRF_TRUSTED_ORIGINS = env.list("CSRF_TRUSTED_ORIGINS", default=[SITE_URL])

# While it is on, every page answers 503; `manage.py maintenance on` does the same without a restart.
MAINTENANCE = env.bool("MAINTENANCE", default=False)

ROOT_URLCONF = "microblog_project.urls"
WSGI_APPLICATION = "microblog_project.wsgi.application"
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"

INSTALLED_APPS = [
    "operations",
    "development",
    "api",
    "exports",
    "imports",
    "inbox",
    "posts",
    "tasks",
    "notifications",
    "accounts",
    "core",
    "allauth",
    "allauth.account",
    "tasks.apps.QueueConfig",  # django_rq
    "anymail",
    "csp",
    "core.apps.StaffConfig",  # django.contrib.admin
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "django.contrib.messages",
    "whitenoise.runserver_nostatic",
    "django.contrib.staticfiles",
    "django.contrib.humanize",
    "django.forms",
]

MIDDLEWARE = [
    "core.requests.request_ids.request_id_middleware",
    "operations.access_log.access_log_middleware",
    "core.requests.health_urls.ProbeMiddleware",
    "api.middleware.ApiMiddleware",
    "django.middleware.security.SecurityMiddleware",
    "notifications.unchanged.UnchangedMiddleware",
    "whitenoise.middleware.WhiteNoiseMiddleware",
    "csp.middleware.CSPMiddleware",
    "django_permissions_policy.PermissionsPolicyMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
    "operations.maintenance.MaintenanceMiddleware",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "accounts.sign_in.authentication.AuthenticationMiddleware",
    "accounts.settings.middleware.PreferencesMiddleware",
    "core.requests.bounds.BoundsMiddleware",
    "accounts.sign_in.page_owner.PageOwnerMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "allauth.account.middleware.AccountMiddleware",
    "accounts.members.last_seen.LastSeenMiddleware",
    "core.requests.deleted_rows.DeletedRowsMiddleware",
    "core.requests.error_pages.NotAllowedMiddleware",
    "core.requests.interrupted.InterruptedMiddleware",
]

TEMPLATES = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "DIRS": [BASE_DIR / "templates"],
        "APP_DIRS": True,
        "OPTIONS": {
            "context_processors": [
                "django.template.context_processors.request",
                "django.contrib.auth.context_processors.auth",
                "django.contrib.messages.context_processors.messages",
                "notifications.context_processors.alerts",
            ],
        },
    },
]
FORM_RENDERER = "core.forms.BootstrapRenderer"

# --- Storage --------------------------------------------------------------------------------------------

DATABASES = {
    "default": environment.database(
        env.str("DATABASE_URL", default="") or f"sqlite:///{quote(str(VAR_DIR))}/db.sqlite3"
    )
}

STORAGES = {
    "default": {"BACKEND": "django.core.files.storage.FileSystemStorage", "OPTIONS": {"location": VAR_DIR / "media"}},
    # Private: no URL leads here; `exports.views` hands a file to its owner only.
    "exports": environment.exports_storage(
        env.str("EXPORT_STORAGE_URL", default=""), VAR_DIR / "exports", group_may_read=bool(EXPORT_ACCEL_LOCATION)
    ),
    "imports": environment.exports_storage(env.str("EXPORT_STORAGE_URL", default=""), VAR_DIR / "imports"),
    "staticfiles": {
        "BACKEND": "django.contrib.staticfiles.storage.StaticFilesStorage"
        if DEBUG
        else "whitenoise.storage.CompressedManifestStaticFilesStorage",
        "OPTIONS": {"directory_permissions_mode": 0o755},  # a web server may read it, also where nobody else reads ours
    },
}
STATIC_URL = "/static/"
STATICFILES_DIRS = [BASE_DIR / "static"]

# --- The queue ------------------------------------------------------------------------------------------

REDIS_URL = environment.with_timeouts(
    env.str("REDIS_URL", default="") or embedded_server.running_url(VAR_DIR) or embedded_server.DEFAULT_URL
)
if REDIS_URL.startswith("rediss://") and not env.bool("REDIS_TLS_VERIFY", default=True):
    REDIS_URL = environment.with_option(REDIS_URL, "ssl_cert_reqs=none")  # Heroku's has a certificate of its own
# `rqworker default` serves both; large exports wait in the second.
RQ_QUEUES = {
    name: {
        "URL": REDIS_URL,
        "DEFAULT_TIMEOUT": 600,
        "DEFAULT_RESULT_TTL": 3600,
        "SERIALIZER": "rq.serializers.JSONSerializer",
    }
    for name in ("default", "large")
}
RQ = {
    "WORKER_CLASS": "tasks.worker.TaskWorker",
    # `tasks` enqueues in `on_commit` itself, where it can still mark the row if the server is down.
    "COMMIT_MODE": "auto",
}
# The cache holds only rate limits. They are in the database, which all processes share, so members can sign in and
# guessing stays limited while the queue server is down.
CACHES: dict[str, dict[str, Any]] = {
    "default": {
        "BACKEND": "django.core.cache.backends.db.DatabaseCache",
        "LOCATION": "rate_limits",
        "OPTIONS": {"MAX_ENTRIES": 100_000},
    },
    # The errors emailed to ADMINS recently; a folder, because the error may be the database's.
    "admin_mail": {
        "BACKEND": "django.core.cache.backends.filebased.FileBasedCache",
        "LOCATION": VAR_DIR / "admin_mail",
    },
}

# --- Accounts -------------------------------------------------------------------------------------------

AUTH_USER_MODEL = "accounts.User"
AUTHENTICATION_BACKENDS = ["allauth.account.auth_backends.AuthenticationBackend"]
AUTH_PASSWORD_VALIDATORS = [
    {"NAME": f"django.contrib.auth.password_validation.{name}"}
    for name in (
        "UserAttributeSimilarityValidator",
        "MinimumLengthValidator",
        "CommonPasswordValidator",
        "NumericPasswordValidator",
    )
]
LOGIN_URL = "account_login"
LOGIN_REDIRECT_URL = "posts:timeline"
ACCOUNT_LOGOUT_REDIRECT_URL = "account_login"
ACCOUNT_ADAPTER = "accounts.sign_in.adapter.AccountAdapter"
ACCOUNT_LOGIN_METHODS = {"username", "email"}
ACCOUNT_SIGNUP_FIELDS = ["username*", "email*", "password1*", "password2*"]
ACCOUNT_EMAIL_VERIFICATION = "mandatory"
ACCOUNT_EMAIL_SUBJECT_PREFIX = "[Microblog] "
ACCOUNT_USERNAME_VALIDATORS = "accounts.validators.username_validators"
ACCOUNT_CHANGE_EMAIL = True
ACCOUNT_FORMS = {
    "signup": "accounts.sign_in.forms.SignupForm",
    "reset_password": "accounts.sign_in.forms.ResetPasswordForm",
}
ACCOUNT_EMAIL_NOTIFICATIONS = True  # of changes to the account, to its address; of a new address, to the old one
ACCOUNT_REAUTHENTICATION_REQUIRED = True
ACCOUNT_SESSION_REMEMBER = True
# How long a typed password is enough for sensitive pages, such as the download of an archive.
ACCOUNT_REAUTHENTICATION_TIMEOUT = env.positive("REAUTHENTICATION_TIMEOUT", default=3600)
# How long a member can undo the deletion of their account.
ACCOUNT_DELETION_GRACE_DAYS = env.positive("ACCOUNT_DELETION_GRACE_DAYS", default=14)
# Added to allauth's own limits (sign-in, sign-up, passwords, addresses); 0 means no limit.
ACCOUNT_RATE_LIMITS = {
    "change_password": "5/m/user,20/h/user",
    "reauthenticate": "10/m/user,30/h/user",
    # Wrong passwords: see `accounts.sign_in.adapter.login_limits`.
    "login_failed": "10/m/ip,5/5m/key",
    "login_failed_known": "5/5m/key",
    "login_failed_everywhere": "100/h/key",
    "kept_form": "10/m/ip",  # without a session; see `core.requests.kept_forms`
    "task": env.rate_limit("EXPORT_START_LIMIT", "10m/user", default=0 if DEBUG else 20),
    "message": env.rate_limit("MESSAGE_LIMIT", "10m/user", default=0 if DEBUG else 30),
    "post": env.rate_limit("POST_LIMIT", "10m/user", default=0 if DEBUG else 60),
    "change": env.rate_limit("CHANGE_LIMIT", "10m/user", default=0 if DEBUG else 120),
    "api": env.rate_limit("API_LIMIT", "10m/user", default=0 if DEBUG else 300),
    "search": env.rate_limit("SEARCH_LIMIT", "m/ip", default=0 if DEBUG else 60),
}

# --- Mail -----------------------------------------------------------------------------------------------

MAIL_DIR = VAR_DIR / "mail"
EMAIL_FILE_PATH = str(MAIL_DIR)
ANYMAIL: dict[str, str] = {}
MAIL_PROVIDER = ""
vars().update(environment.mail(env.ENVIRON))
EMAIL_TIMEOUT = env.int("EMAIL_TIMEOUT", default=20)
EMAIL_SUBJECT_PREFIX = "[Microblog] "
DEFAULT_FROM_EMAIL = env.str("DEFAULT_FROM_EMAIL", default=f"Microblog <no-reply@{SITE_HOST}>")
SERVER_EMAIL = env.str("SERVER_EMAIL", default=DEFAULT_FROM_EMAIL)
ADMINS = [("", address) for address in env.list("ADMINS", default=[])]

# --- Exports --------------------------------------------------------------------------------------------

EXPORT_JOB_TIMEOUT = env.positive("EXPORT_JOB_TIMEOUT", default=3600)  # seconds
EXPORT_MAX_ATTEMPTS = env.positive("EXPORT_MAX_ATTEMPTS", default=3)
EXPORT_PROGRESS_INTERVAL = env.float("EXPORT_PROGRESS_INTERVAL", default=1.0)  # seconds
EXPORT_STALE_AFTER = env.float("EXPORT_STALE_AFTER", default=20.0)  # seconds without a heartbeat
EXPORT_RETRY_PAUSES = env.list("EXPORT_RETRY_PAUSES", cast=float, default=[10.0, 60.0])  # seconds, after each failure
EXPORT_LARGE_FROM = env.positive("EXPORT_LARGE_FROM", default=20_000)  # posts; below, an export takes a moment
EXPORT_NICENESS = env.nice_value("EXPORT_NICENESS", default=10)  # of what makes exports: pages come first; 0: all alike
EXPORT_STOP_GRACE = env.float("EXPORT_STOP_GRACE", default=8.0)  # seconds; Docker kills after 10
EXPORT_TIME_SLICE = env.float("EXPORT_TIME_SLICE", default=60.0)  # seconds until a job lets others run, if it can
EXPORT_RECONCILE_INTERVAL = env.float("EXPORT_RECONCILE_INTERVAL", default=5.0)  # seconds
EXPORT_ATTACHMENT_LIMIT = env.int("EXPORT_ATTACHMENT_LIMIT", default=7_000_000)  # bytes, before encoding
EXPORT_RETENTION_DAYS = env.positive("EXPORT_RETENTION_DAYS", default=7)
EXPORT_TASK_RETENTION_DAYS = env.positive("EXPORT_TASK_RETENTION_DAYS", default=90)  # after a task's end
EXPORT_MAX_ARCHIVES = env.positive("EXPORT_MAX_ARCHIVES", default=5)  # files kept for one member
EXPORT_HOUSEKEEPING_INTERVAL = env.float("EXPORT_HOUSEKEEPING_INTERVAL", default=60.0)  # seconds
EXPORT_FREE_SPACE_RESERVE = env.int("EXPORT_FREE_SPACE_RESERVE", default=200_000_000)  # bytes no export may take
EXPORT_COOLDOWN = env.int("EXPORT_COOLDOWN", default=0 if DEBUG else 600)  # seconds from a success to the next start

# --- Imports --------------------------------------------------------------------------------------------

IMPORT_MAX_SIZE = env.positive("IMPORT_MAX_SIZE", default=1_073_741_824)  # bytes of an uploaded file
IMPORT_BODY_LIMIT = env.positive("IMPORT_BODY_LIMIT", default=5_000)  # characters of an imported post, kept whole
IMPORT_UNDO_DAYS = env.positive("IMPORT_UNDO_DAYS", default=30)
FILE_UPLOAD_HANDLERS = ["core.requests.uploads.SpaceCheckingUploadHandler"]
FILE_UPLOAD_TEMP_DIR = VAR_DIR / "tmp"  # on the disk of the files, which a finished upload is then renamed to

# How long dismissed notifications are kept, for pages that are still open.
NOTIFICATION_RETENTION_DAYS = env.positive("NOTIFICATION_RETENTION_DAYS", default=30)

# --- Languages and time ---------------------------------------------------------------------------------

LANGUAGE_CODE = "en"
# Two generated languages that show in development which texts are not translated or have too little room.
PSEUDO_LOCALES = DEBUG and env.bool("PSEUDO_LOCALES", default=False)
LANGUAGES = [("en", _("English")), ("es", _("Spanish")), *(pseudo_locale.LANGUAGES if PSEUDO_LOCALES else [])]
LOCALE_PATHS = [BASE_DIR / "locale"]
LANGUAGE_COOKIE_AGE = 31_536_000  # a year
LANGUAGE_COOKIE_HTTPONLY = True
LANGUAGE_COOKIE_SECURE = HTTPS
LANGUAGE_COOKIE_SAMESITE = "Lax"
TIME_ZONE = "UTC"

# --- Security -------------------------------------------------------------------------------------------

CONTENT_SECURITY_POLICY = {
    "DIRECTIVES": {
        "default-src": [SELF],
        "img-src": [SELF, "data:"],
        "object-src": [NONE],
        "base-uri": [SELF],
        # Browsers also apply it to redirects after a form: signing in can lead to the requested download.
        "form-action": [SELF, *environment.storage_origins(STORAGES["exports"])],
        "frame-ancestors": [NONE],
    }
}
# The pages need none of these features.
FEATURES_OFF = (
    "accelerometer autoplay browsing-topics camera display-capture encrypted-media fullscreen geolocation gyroscope "
    "magnetometer microphone midi payment picture-in-picture publickey-credentials-get screen-wake-lock usb "
    "xr-spatial-tracking"
)
PERMISSIONS_POLICY: dict[str, list[str]] = {feature: [] for feature in FEATURES_OFF.split()}
SESSION_ENGINE = "accounts.sign_in.sessions"
SESSION_COOKIE_SECURE = CSRF_COOKIE_SECURE = HTTPS
CSRF_COOKIE_HTTPONLY = True
CSRF_FAILURE_VIEW = "core.requests.interrupted.csrf_failure"
if HTTPS:  # no other host and no page without HTTPS can set a cookie with this prefix
    SESSION_COOKIE_NAME = "__Host-sessionid"
    CSRF_COOKIE_NAME = "__Host-csrftoken"
SECURE_SSL_REDIRECT = HTTPS
SECURE_SSL_HOST = urlsplit(SITE_URL).netloc
SECURE_REDIRECT_EXEMPT = ["^(healthz|readyz|metrics)$"]  # machines on the same network request them without TLS
SECURE_HSTS_SECONDS = env.int("SECURE_HSTS_SECONDS", default=31_536_000 if HTTPS else 0)
SECURE_HSTS_INCLUDE_SUBDOMAINS = env.bool("SECURE_HSTS_INCLUDE_SUBDOMAINS", default=HTTPS)
# Browsers' preload lists include a whole domain, for years: its owner must decide that, not a default.
SECURE_HSTS_PRELOAD = env.bool("SECURE_HSTS_PRELOAD", default=False)
SILENCED_SYSTEM_CHECKS = ["security.W021"]
BEHIND_TLS_PROXY = env.bool("BEHIND_TLS_PROXY", default=False)
if BEHIND_TLS_PROXY:
    SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https")
# Rate limits count by the client's address. Our own proxies wrote the last addresses in X-Forwarded-For; a client can
# invent those before them.
ALLAUTH_TRUSTED_PROXY_COUNT = env.int("TRUSTED_PROXIES", default=1 if BEHIND_TLS_PROXY else 0)

# --- Monitoring ----------------------------------------------------------------------------------------

SENTRY_DSN = env.str("SENTRY_DSN", default="")
SENTRY_TRACES_SAMPLE_RATE = env.float("SENTRY_TRACES_SAMPLE_RATE", default=0.0)
# Without it, no metrics are kept.
METRICS_TOKEN = env.str("METRICS_TOKEN", default="")
LOG_FORMAT = env.one_of("LOG_FORMAT", logs.FORMATTERS, default="plain" if DEBUG else "json")
# The development server prints its own line for each request.
ACCESS_LOG = env.bool("ACCESS_LOG", default=not DEBUG)
LOGGING = {
    "version": 1,
    "disable_existing_loggers": False,
    "formatters": {"line": {"()": logs.FORMATTERS[LOG_FORMAT]}},
    "filters": {
        "not_health_checks": {"()": "django.utils.log.CallbackFilter", "callback": health_urls.is_loggable},
        "not_polls": {"()": "django.utils.log.CallbackFilter", "callback": "ext://operations.access_log.is_no_poll"},
    },
    "handlers": {
        "console": {"class": "operations.logs.Console", "formatter": "line"},
        "mail_admins": {"class": "operations.admin_mail.ThrottledHandler", "level": "ERROR"},
    },
    "root": {"handlers": ["console", "mail_admins"], "level": env.str("LOG_LEVEL", default="INFO")},
    # Django's own handlers would print each line again.
    "loggers": {
        "django": {"handlers": [], "propagate": True},
        "django.request": {"filters": ["not_health_checks"]},
        "django.server": {"handlers": ["console"], "filters": ["not_polls"], "propagate": False},
        # Unknown hosts and oversized forms, which any client can cause, are no errors of the site.
        "django.security": {"handlers": ["console"], "propagate": False},
    },
}
DEFAULT_EXCEPTION_REPORTER = "operations.admin_mail.DiscreetReporter"
DEFAULT_EXCEPTION_REPORTER_FILTER = "operations.admin_mail.DiscreetFilter"

"""Settings from the environment; README lists every variable.

With no variable at all this is embedded development on one machine: SQLite, a database cache and Celery's
filesystem broker. `config/checks.py` names what is wrong with a set of settings.
"""

import os
from datetime import timedelta
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import environ
from celery.schedules import crontab
from django.core.exceptions import ImproperlyConfigured

from config.required import require_for_production
from config.version import checked_out

BASE_DIR = Path(__file__).resolve().parent.parent

env = environ.Env()
environ.Env.read_env(BASE_DIR / ".env")

# Everything that the embedded default writes: database, broker folders, schedules.
VAR_DIR = Path(env.str("VAR_DIR", str(BASE_DIR / "var")))
VAR_DIR.mkdir(parents=True, exist_ok=True)

DATABASE_URL = env.str("DATABASE_URL", "")
REDIS_URL = env.str("REDIS_URL", "")

# A database server means production until somebody says otherwise.
DEBUG = env.bool("DEBUG", not DATABASE_URL)
if not DEBUG:
    require_for_production(env, "SECRET_KEY", "ALLOWED_HOSTS", "APP_URL", "FIELD_ENCRYPTION_KEYS")

# Stands in each attempt at an event: which code it was that failed.
CODE_VERSION = env.str("CODE_VERSION", "") or checked_out(BASE_DIR)

SECRET_KEY = env.str("SECRET_KEY", "insecure-development-key-never-used-in-production-0123456789")
# The first key encrypts, all of them decrypt. The default protects nothing and is for development only.
FIELD_ENCRYPTION_KEYS = env.list("FIELD_ENCRYPTION_KEYS", default=["aW5zZWN1cmUtZGV2ZWxvcG1lbnQta2V5LTAxMjM0NTY="])
APP_URL = env.str("APP_URL", "http://127.0.0.1:8000").rstrip("/")
ALLOWED_HOSTS = env.list("ALLOWED_HOSTS", default=["127.0.0.1", "localhost", "[::1]"])
CSRF_TRUSTED_ORIGINS = [APP_URL]
CSRF_FAILURE_VIEW = "config.problems.not_from_our_form"

# Where the vendors are. A company may name its own Cal.com (cal.eu, self-hosted).
RETELL_API_URL = env.str("RETELL_API_URL", "https://api.retellai.com").rstrip("/")
CALCOM_API_URL = env.str("CALCOM_API_URL", "https://api.cal.com").rstrip("/")
# Vendor and webhook URLs may point at loopback: sandboxes and tests only.
ALLOW_PRIVATE_URLS = env.bool("ALLOW_PRIVATE_URLS", DEBUG)
# Tests only: where files arm the points at which a process is to be killed (mcp_gateway/kill_points.py).
KILL_POINTS_DIR = env.str("KILL_POINTS_DIR", "")
# Callers rarely spell an e-mail address; Cal.com wants one. Nobody ever mails to this domain.
PLACEHOLDER_EMAIL_DOMAIN = env.str("PLACEHOLDER_EMAIL_DOMAIN", "no-mail.invalid")


def _host(url: str) -> str:
    """Its host name; config/checks.py tells of a URL that has none."""
    try:
        return urlsplit(url).hostname or "localhost"
    except ValueError:
        return "localhost"


# Mails. Without EMAIL_URL they are printed while DEBUG, and else given to a mail server on this machine.
EMAIL_URL = env.str("EMAIL_URL", "")
_EMAIL = env.email_url_config(EMAIL_URL or ("consolemail://" if DEBUG else "smtp://localhost:25"))
EMAIL_BACKEND = _EMAIL["EMAIL_BACKEND"]
EMAIL_HOST = _EMAIL["EMAIL_HOST"] or "localhost"
EMAIL_USE_TLS = bool(_EMAIL.get("EMAIL_USE_TLS"))
EMAIL_USE_SSL = bool(_EMAIL.get("EMAIL_USE_SSL"))
EMAIL_PORT = _EMAIL["EMAIL_PORT"] or (587 if EMAIL_USE_TLS else 465 if EMAIL_USE_SSL else 25)
EMAIL_HOST_USER = _EMAIL["EMAIL_HOST_USER"] or ""
EMAIL_HOST_PASSWORD = _EMAIL["EMAIL_HOST_PASSWORD"] or ""
EMAIL_FILE_PATH = f"/{_EMAIL['EMAIL_FILE_PATH']}"  # filemail:///tmp/mails
# Much shorter than a worker has a message to itself.
EMAIL_TIMEOUT = 10
DEFAULT_FROM_EMAIL = env.str("DEFAULT_FROM_EMAIL", f"noreply@{_host(APP_URL)}")

# What a lower room needs from a higher one, by dotted path.
COMPANY_MODEL = "appointments.Company"
CALENDAR_BACKEND = "calcom.calendar.CalcomCalendar"
SANDBOXES = {"calcom": "calcom.sandbox.CalcomSandbox", "retell": "retell.sandbox.RetellSandbox"}

INSTALLED_APPS = [
    "config.admin.StaffAdminConfig",
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "django.contrib.messages",
    "whitenoise.runserver_nostatic",
    "django.contrib.staticfiles",
    "django_guid",
    "axes",
    "django_otp",
    # Its table stays empty: mcp_gateway/0010 took the secrets that stood in it unencrypted. The app has to stay with
    # that migration, which reads the table, and fills it again on its way back.
    "django_otp.plugins.otp_totp",
    "django_otp.plugins.otp_static",
    "mcp_gateway",
    "appointments",
    "calcom",
    "retell",
]

MIDDLEWARE = [
    "django_guid.middleware.guid_middleware",
    "django.middleware.security.SecurityMiddleware",
    "whitenoise.middleware.WhiteNoiseMiddleware",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.locale.LocaleMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "django_otp.middleware.OTPMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
    "csp.middleware.CSPMiddleware",
    "mcp_gateway.second_factor.SecondFactorMiddleware",
    "mcp_gateway.idle_sessions.IdleSessionMiddleware",
    "mcp_gateway.preferences.PreferencesMiddleware",
    "axes.middleware.AxesMiddleware",
]

# Nothing from another host, nothing inline, nothing evaluated, on any page.
CONTENT_SECURITY_POLICY = {
    "DIRECTIVES": {
        "default-src": ["'none'"],
        "script-src": ["'self'"],
        "style-src": ["'self'"],
        "img-src": ["'self'", "data:"],
        "font-src": ["'self'"],
        "connect-src": ["'self'"],
        "form-action": ["'self'"],
        "base-uri": ["'none'"],
        "frame-ancestors": ["'none'"],
    }
}

# Log-in: ten wrong passwords for one name from one address, and that pair waits a quarter of an hour.
AUTHENTICATION_BACKENDS = ["axes.backends.AxesStandaloneBackend", "django.contrib.auth.backends.ModelBackend"]
AXES_FAILURE_LIMIT = 10
AXES_COOLOFF_TIME = timedelta(minutes=15)
AXES_LOCKOUT_PARAMETERS = [["username", "ip_address"]]
AXES_RESET_ON_SUCCESS = True
AXES_LOCKOUT_TEMPLATE = "staff/locked_out.html"
AXES_ENABLE_ADMIN = False
AXES_VERBOSE = False
# A second factor is demanded of all staff; otherwise of those who have set one up.
REQUIRE_2FA = env.bool("REQUIRE_2FA", False)
# Under which name an app lists it; a colon would end the name.
SECOND_FACTOR_ISSUER = _host(APP_URL).replace(":", "")
# Staff who did nothing for so long log in again.
SESSION_COOKIE_AGE = env.int("SESSION_IDLE_SECONDS", 2 * 3600)
SESSION_COOKIE_SAMESITE = "Lax"

ROOT_URLCONF = "config.urls"
WSGI_APPLICATION = "config.wsgi.application"
APPEND_SLASH = True

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
            ],
        },
    }
]

# Database. Writers on SQLite take their lock at BEGIN, so that they wait for each other instead of failing.
_SQLITE_OPTIONS = {
    "transaction_mode": "IMMEDIATE",
    "timeout": 20,
    "init_command": "PRAGMA journal_mode=WAL; PRAGMA synchronous=NORMAL;",
}
_MYSQL_OPTIONS = {
    "charset": "utf8mb4",
    "isolation_level": "read committed",
    "init_command": "SET sql_mode='STRICT_TRANS_TABLES'",
    "connect_timeout": 3,
}


def _database() -> dict[str, Any]:
    if not DATABASE_URL:
        return {"ENGINE": "django.db.backends.sqlite3", "NAME": VAR_DIR / "db.sqlite3", "OPTIONS": _SQLITE_OPTIONS}
    database: dict[str, Any] = env.db_url_config(DATABASE_URL)
    if not database.get("ENGINE"):
        raise ImproperlyConfigured("DATABASE_URL is no database URL: mysql://user:password@host:3306/name")
    options = _MYSQL_OPTIONS if "mysql" in database["ENGINE"] else _SQLITE_OPTIONS
    return {**database, "OPTIONS": {**options, **database.get("OPTIONS", {})}}


DATABASES = {"default": {**_database(), "CONN_MAX_AGE": 60, "CONN_HEALTH_CHECKS": True}}
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"

# Cache. It may forget everything at any time: the database has a copy of whatever matters.
if REDIS_URL:
    _CACHE: dict[str, Any] = {
        "BACKEND": "django_redis.cache.RedisCache",
        "LOCATION": REDIS_URL,
        "OPTIONS": {"IGNORE_EXCEPTIONS": True, "SOCKET_CONNECT_TIMEOUT": 0.5, "SOCKET_TIMEOUT": 0.5},
    }
    DJANGO_REDIS_LOG_IGNORED_EXCEPTIONS = True
else:
    _CACHE = {
        "BACKEND": "django.core.cache.backends.db.DatabaseCache",
        "LOCATION": "cache_entries",
        # The default of 300 would throw away wishes and slots of this very minute.
        "OPTIONS": {"MAX_ENTRIES": 10_000},
    }
CACHES = {"default": _CACHE}

# Celery. A task is only the bell: what is to be done stands in the database.
CELERY_BROKER_URL = env.str("CELERY_BROKER_URL", "") or REDIS_URL or "filesystem://"
if CELERY_BROKER_URL == "filesystem://":
    _BROKER_DIR = VAR_DIR / "broker"
    for _folder in ("messages", "control"):
        (_BROKER_DIR / _folder).mkdir(parents=True, exist_ok=True)
    CELERY_BROKER_TRANSPORT_OPTIONS: dict[str, Any] = {
        "data_folder_in": str(_BROKER_DIR / "messages"),
        "data_folder_out": str(_BROKER_DIR / "messages"),
        "control_folder": str(_BROKER_DIR / "control"),
        "polling_interval": 0.2,
    }
else:
    CELERY_BROKER_TRANSPORT_OPTIONS = {
        "socket_connect_timeout": 1,
        "socket_timeout": 2,
        # One quick look for a broker that was just restarted, then the sweep has it.
        "max_retries": 1,
        "interval_start": 0,
        "interval_step": 0,
    }
CELERY_BROKER_CONNECTION_TIMEOUT = 1
CELERY_BROKER_CONNECTION_RETRY_ON_STARTUP = True
CELERY_BROKER_CONNECTION_MAX_RETRIES = None
# A web request that can't reach the broker must not wait for it: the sweep finds the work.
CELERY_TASK_PUBLISH_RETRY = False
CELERY_TASK_IGNORE_RESULT = True
CELERY_TASK_ACKS_LATE = True
CELERY_TASK_REJECT_ON_WORKER_LOST = True
CELERY_WORKER_PREFETCH_MULTIPLIER = 1
CELERY_WORKER_HIJACK_ROOT_LOGGER = False
CELERY_WORKER_CANCEL_LONG_RUNNING_TASKS_ON_CONNECTION_LOSS = False
CELERY_TIMEZONE = "UTC"
CELERY_BEAT_SCHEDULE_FILENAME = str(VAR_DIR / "beat-schedule")
SWEEP_SECONDS = env.float("SWEEP_SECONDS", 60.0)
CELERY_BEAT_SCHEDULE = {
    "sweep webhook events": {"task": "mcp_gateway.tasks.sweep_webhook_events", "schedule": SWEEP_SECONDS},
    "sweep outbox": {"task": "mcp_gateway.tasks.sweep_outbox", "schedule": SWEEP_SECONDS},
    "sweep long actions": {"task": "mcp_gateway.tasks.sweep_long_actions", "schedule": SWEEP_SECONDS},
    "forget old long actions": {"task": "mcp_gateway.tasks.forget_old_long_actions", "schedule": 3600.0},
    "forget idempotent answers": {"task": "mcp_gateway.tasks.forget_idempotent_answers", "schedule": 3600.0},
    "sweep holds": {"task": "appointments.tasks.sweep_holds", "schedule": SWEEP_SECONDS},
    "sync bookings with Cal.com": {"task": "calcom.tasks.sync_bookings_of_all", "schedule": 900.0},
    "compare everything with Cal.com": {
        "task": "calcom.tasks.reconcile_bookings_of_all",
        "schedule": crontab(hour=2, minute=40),
    },
    "purge deleted rows": {"task": "mcp_gateway.tasks.purge_deleted_rows", "schedule": crontab(hour=3, minute=20)},
    "forget old outgoing calls": {"task": "mcp_gateway.tasks.forget_old_outgoing_calls", "schedule": 3600.0},
    "forget old messages": {"task": "mcp_gateway.tasks.forget_old_messages", "schedule": 3600.0},
    "sweep bookings": {"task": "appointments.tasks.sweep_bookings", "schedule": SWEEP_SECONDS},
    "close forgotten calls": {"task": "retell.tasks.close_forgotten_calls", "schedule": SWEEP_SECONDS},
}

# Words and times. Stored times are UTC; staff see their own zone, else their company's, else this one; callers their
# company's.
LANGUAGE_CODE = env.str("LANGUAGE_CODE", "de")
LANGUAGES = [("de", "Deutsch"), ("en", "English")]
# Its own, because the admin's configuration in `config` goes by the name of Django's.
LOCALE_PATHS = [BASE_DIR / "config" / "locale", BASE_DIR / "templates" / "locale"]
FORMAT_MODULE_PATH = ["config.formats"]
USE_I18N = True
USE_TZ = True
TIME_ZONE = "Europe/Berlin"

STATIC_URL = "static/"
STATICFILES_DIRS = [BASE_DIR / "config" / "static"]
STATIC_ROOT = VAR_DIR / "static"
# WhiteNoise complains of a folder that collectstatic has not made yet.
STATIC_ROOT.mkdir(exist_ok=True)

# Prometheus. The counters of all processes of this machine stand in files here; forget them when all restart.
METRICS_TOKEN = env.str("METRICS_TOKEN", "")
METRICS_ALLOWED_ADDRESSES = env.list("METRICS_ALLOWED_ADDRESSES", default=["127.0.0.1", "::1"] if DEBUG else [])
_METRICS_DIR = VAR_DIR / "metrics"
_METRICS_DIR.mkdir(exist_ok=True)
# prometheus_client reads the variable when it is first imported.
os.environ.setdefault("PROMETHEUS_MULTIPROC_DIR", str(_METRICS_DIR))

# A two-hour call's transcript comes twice, word by word, in its webhook: about 2 MB.
DATA_UPLOAD_MAX_MEMORY_SIZE = 8 * 1024 * 1024
GATEWAY_MAX_BODY_BYTES = 1024 * 1024

# Calls per minute through the gateway: of a company's tokens and staff together (a company may have its own limit),
# of one token or member of staff, and of a company's live phone calls, which nobody else can use up.
RATE_LIMIT_COMPANY = env.int("RATE_LIMIT_COMPANY", 600)
RATE_LIMIT_CALLER = env.int("RATE_LIMIT_CALLER", 300)
RATE_LIMIT_VENDOR = env.int("RATE_LIMIT_VENDOR", 1200)
# For so long a process takes a token for good without asking the database.
TOKEN_CACHE_SECONDS = env.float("TOKEN_CACHE_SECONDS", 5.0)
# Browser origins, besides APP_URL's, from which MCP clients may call.
MCP_ALLOWED_ORIGINS = env.list("MCP_ALLOWED_ORIGINS", default=[])

if not DEBUG:
    SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https")
    SECURE_SSL_REDIRECT = True
    SECURE_REDIRECT_EXEMPT = [r"^api/mcp/health"]
    SECURE_HSTS_SECONDS = 365 * 24 * 3600
    SECURE_HSTS_INCLUDE_SUBDOMAINS = True
    SECURE_HSTS_PRELOAD = True
    SESSION_COOKIE_SECURE = True
    CSRF_COOKIE_SECURE = True
AUTH_PASSWORD_VALIDATORS = [
    {"NAME": f"django.contrib.auth.password_validation.{name}"}
    for name in (
        "UserAttributeSimilarityValidator",
        "MinimumLengthValidator",
        "CommonPasswordValidator",
        "NumericPasswordValidator",
    )
]

DJANGO_GUID = {
    "GUID_HEADER_NAME": "X-Correlation-ID",
    "VALIDATE_GUID": True,
    "RETURN_HEADER": True,
    "EXPOSE_HEADER": False,
    "UUID_FORMAT": "string",
}

LOGGING = {
    "version": 1,
    "disable_existing_loggers": False,
    "filters": {"correlation_id": {"()": "django_guid.log_filters.CorrelationId"}},
    "formatters": {
        "json": {
            "()": "pythonjsonlogger.json.JsonFormatter",
            "format": "%(asctime)s %(levelname)s %(name)s %(message)s %(correlation_id)s",
        },
        "plain": {"format": "%(levelname)s %(name)s [%(correlation_id)s] %(message)s"},
    },
    "handlers": {
        "console": {
            "class": "logging.StreamHandler",
            "filters": ["correlation_id"],
            "formatter": "plain" if DEBUG else "json",
        }
    },
    "root": {"handlers": ["console"], "level": "INFO"},
    "loggers": {
        "django_guid": {"level": "WARNING"},
        "axes": {"level": "WARNING"},
        # The dispatcher logs exceptions with their text; the gateway logs its own line, without it.
        "jsonrpcserver": {"level": "CRITICAL"},
        # Its storage logs a traceback whenever Redis is away; the breakers say so themselves, once.
        "pybreaker": {"level": "CRITICAL"},
    },
}

"""System checks that name wrong settings; `manage.py check --deploy` runs the ones for production too."""

from typing import Any
from urllib.parse import urlsplit

from cryptography.fernet import Fernet
from django.conf import settings
from django.core.checks import CheckMessage, Error, Tags, Warning, register
from django.utils import timezone, translation

from mcp_gateway import readiness, worker_queue
from retell.portal.onboarding import open_steps
from retell.portal.rows import companies, company_rows, told

DEVELOPMENT_MARK = "insecure-development-key"
MAKE_A_KEY = 'Make one with: python -c "from cryptography.fernet import Fernet; print(Fernet.generate_key().decode())"'


@register(Tags.security)
def check_encryption_keys(**kwargs: Any) -> list[CheckMessage]:
    """FIELD_ENCRYPTION_KEYS must hold at least one key, and Fernet keys only."""
    if not settings.FIELD_ENCRYPTION_KEYS:
        return [Error("FIELD_ENCRYPTION_KEYS is empty.", hint=MAKE_A_KEY, id="config.E006")]
    for position, key in enumerate(settings.FIELD_ENCRYPTION_KEYS, start=1):
        try:
            Fernet(key)
        except ValueError:
            return [
                Error(
                    f"FIELD_ENCRYPTION_KEYS: key {position} is not a Fernet key.",
                    hint=MAKE_A_KEY,
                    id="config.E001",
                )
            ]
    return []


@register(Tags.urls)
def check_urls(**kwargs: Any) -> list[CheckMessage]:
    """APP_URL and the vendors' URLs must be absolute http(s) URLs."""
    return [
        Error(f"{name} is not an absolute http or https URL.", hint=f"Example: {name}=https://…", id="config.E002")
        for name in ("APP_URL", "RETELL_API_URL", "CALCOM_API_URL")
        if not _is_web_url(getattr(settings, name))
    ]


@register(Tags.database, deploy=True)
def check_at_work(databases: Any = None, **kwargs: Any) -> list[CheckMessage]:
    """With `--database default`: what staff see as open in the set-up, in the same words, and who is at work."""
    if not databases:
        return []
    with translation.override("en"):
        return [*_not_at_work(), *_not_set_up()]


def _not_at_work() -> list[CheckMessage]:
    found: list[CheckMessage] = []
    workers = worker_queue.sign_of_life()
    if workers != "ok":
        found.append(
            Warning(f"{workers[0].upper()}{workers[1:]}.", hint="Start a worker and its broker.", id="config.W004")
        )
    beat = readiness.beat(worker_queue.last_sweep(), timezone.now())
    if beat != "runs":
        found.append(Warning(f"Timed tasks (beat): {beat}.", hint="Start celery beat.", id="config.W005"))
    return found


def _not_set_up() -> list[CheckMessage]:
    rows = company_rows(list(told(companies(None).filter(is_active=True))))
    return [
        Warning(
            f"{row.company.name}: {step.title}.",
            hint="See the company's page in the integration portal.",
            id="config.W006",
        )
        for row in rows
        for step in open_steps(row)
        if not step.comes_by_itself
    ]


@register(Tags.security, deploy=True)
def check_production(**kwargs: Any) -> list[CheckMessage]:
    """What development may do and production must not."""
    found: list[CheckMessage] = []
    if DEVELOPMENT_MARK in settings.SECRET_KEY:
        found.append(Error("SECRET_KEY is the development key.", hint="Set SECRET_KEY.", id="config.E003"))
    if not readiness.is_app_url_https():
        found.append(
            Error(
                "APP_URL is not https: Retell and Cal.com would send callers' data in the open.",
                hint="Put a TLS proxy in front and set APP_URL=https://…",
                id="config.E004",
            )
        )
    if settings.ALLOW_PRIVATE_URLS:
        found.append(
            Error(
                "ALLOW_PRIVATE_URLS is on: staff could point webhooks at the internal network.",
                hint="Unset ALLOW_PRIVATE_URLS; it is for sandboxes and tests.",
                id="config.E005",
            )
        )
    if settings.KILL_POINTS_DIR:
        found.append(
            Error(
                "KILL_POINTS_DIR is set: whoever may write there can kill every process.",
                hint="Unset KILL_POINTS_DIR; it is for tests.",
                id="config.E007",
            )
        )
    if not settings.REDIS_URL:
        found.append(
            Warning(
                "REDIS_URL is not set: cache, broker and limits work on this one machine only.",
                hint="Fine for one machine; otherwise set REDIS_URL=redis://…",
                id="config.W001",
            )
        )
    if not settings.DEBUG and not settings.EMAIL_URL:
        found.append(
            Warning(
                "EMAIL_URL is not set: mails go to a mail server on this machine, if there is one.",
                hint="Set EMAIL_URL=smtp+tls://user:password@mail.example.com:587",
                id="config.W002",
            )
        )
    if not settings.REQUIRE_2FA:
        found.append(
            Warning(
                "REQUIRE_2FA is off: a password alone opens callers' data to whoever has it.",
                hint="Set REQUIRE_2FA=on; staff set up an app on their phones at their next log-in.",
                id="config.W003",
            )
        )
    return found


def _is_web_url(url: str) -> bool:
    try:
        parts = urlsplit(url)
    except ValueError:
        return False
    return parts.scheme in ("http", "https") and bool(parts.netloc)

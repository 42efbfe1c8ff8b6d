"""Whether Retell's webhook would arrive: a signed event through the real URL, from outside as Retell sends it."""

import json
import time
from secrets import token_hex

import requests
from django.conf import settings
from django.utils import timezone
from django.utils.translation import gettext
from django.utils.translation import gettext_noop as _
from pydantic import BaseModel

from mcp_gateway import connections, outbound
from mcp_gateway.models import WebhookEvent
from retell.addresses import own_webhook_url, webhook_url
from retell.intake import SignedRequest
from retell.models import RetellConfiguration
from retell.payload import PROVIDER
from retell.signature import HEADER, sign
from retell.webhook_events import dedupe_key

# Stored and then ignored, as every event that is none of a call's.
EVENT = "gateway_test"
# Retell itself gives up after ten seconds.
CONNECT_SECONDS, TOTAL_SECONDS = 3.0, 10.0
ACCEPTED = range(200, 300)
MAX_ANSWER = 2_000


class WebhookTrial(BaseModel):
    """How a test event fared; `http_status` is null when nobody answered, `event_id` when it is not in the inbox.

    `answer` is the beginning of the answer's body, whoever wrote it.
    """

    agent_id: str
    url: str
    http_status: int | None
    duration_ms: int
    answer: str
    event_id: int | None
    problem: str

    @property
    def passed(self) -> bool:
        return self.event_id is not None and not self.problem

    @property
    def outcome(self) -> str:
        answer = f"HTTP {self.http_status}" if self.http_status else "no answer"
        return f"{'ok' if self.passed else self.problem}: {answer}, {self.duration_ms} ms"


# Of what a stored outcome is made.
WORDS = (
    _("the company has no Retell key"),
    _("the event is not in this database"),
    _("refused"),
    _("APP_URL does not answer in time"),
    _("APP_URL can't be reached"),
    _("the webhook address does not answer in time"),
    _("the webhook address can't be reached"),
    _("no answer"),
)


def in_words(outcome: str) -> str:
    """A stored outcome in the reader's language."""
    verdict, _colon, rest = outcome.partition(": ")
    return f"{gettext(verdict)}: {rest.replace('no answer', gettext('no answer'))}" if rest else outcome


def try_webhook(configuration: RetellConfiguration) -> WebhookTrial:
    """Send a test event, see whether it is stored, and note the outcome on the configuration; never raises."""
    company, url = configuration.company, webhook_url(configuration)
    body = {"event": EVENT, "sent_at": timezone.now().isoformat(), "nonce": token_hex(8)}
    raw = json.dumps(body).encode()
    started = time.monotonic()
    name = "APP_URL" if url == own_webhook_url(configuration) else "the webhook address"
    status, answer, problem = _send(url, raw, company.retell_webhook_key or company.retell_api_key, name)
    duration_ms = round((time.monotonic() - started) * 1000)
    stored = WebhookEvent.objects.filter(
        provider=PROVIDER, dedupe_key=dedupe_key(SignedRequest(company, body, raw), EVENT), company=company
    ).first()
    trial = WebhookTrial(
        agent_id=configuration.agent_id,
        url=url,
        http_status=status,
        duration_ms=duration_ms,
        answer=answer,
        event_id=stored.pk if stored else None,
        problem=problem or ("" if stored else "the event is not in this database"),
    )
    configuration.last_test_at = timezone.now()
    configuration.last_test_outcome = trial.outcome[:200]
    configuration.save(update_fields=["last_test_at", "last_test_outcome", "updated_at"])
    return trial


def _send(url: str, raw: bytes, key: str, name: str) -> tuple[int | None, str, str]:
    """HTTP status, answer, and what is wrong with it, in words for staff, to whom the address is `name`."""
    if not key:
        return None, "", "the company has no Retell key"
    headers = {HEADER: sign(raw, key, int(time.time() * 1000)), "Content-Type": "application/json"}
    headers |= outbound.correlation_header()
    request = requests.Request("POST", url, data=raw, headers=headers)
    try:
        response = connections.send(
            outbound.session().prepare_request(request),
            connect_seconds=CONNECT_SECONDS,
            total_seconds=TOTAL_SECONDS,
            public_only=not settings.ALLOW_PRIVATE_URLS and name != "APP_URL",
        )
    except requests.Timeout:
        return None, "", f"{name} does not answer in time"
    except (requests.RequestException, ValueError):
        return None, "", f"{name} can't be reached"
    answer = response.content[:MAX_ANSWER].decode("utf-8", "replace")
    return response.status_code, answer, "" if response.status_code in ACCEPTED else "refused"

"""How webhooks travel: signed, inside the request that caused them, and badly when a test asks for it."""

import hashlib
import hmac
import json
import re
import threading
from dataclasses import asdict, dataclass, field
from typing import Any, Literal

import requests

from calcom.sandbox.state import Webhook
from calcom.sandbox.times import iso_utc, now

VERSION = "2021-10-20"
TIMEOUT_SECONDS = 10.0


@dataclass(kw_only=True)
class Mishap:
    """What happens to the next `times` deliveries with that trigger (any when empty).

    "drop": never sent. "duplicate": sent twice. "delay": sent `seconds` later, while the request goes on.
    "reorder": sent right after the delivery that follows it.
    """

    action: Literal["drop", "duplicate", "delay", "reorder"]
    trigger: str = ""
    times: int = 1
    seconds: float = 1.0


@dataclass(frozen=True)
class Parcel:
    trigger: str
    url: str
    headers: dict[str, str]
    body: bytes
    attempts: int


@dataclass
class Delivery:
    """How an attempt ended: `status` None when nobody answered."""

    trigger: str
    url: str
    body: str
    status: int | None
    error: str = ""


@dataclass
class Courier:
    mishaps: list[Mishap] = field(default_factory=list)
    log: list[Delivery] = field(default_factory=list)
    held_back: list[Parcel] = field(default_factory=list)
    lock: threading.Lock = field(default_factory=threading.Lock)

    def deliver(self, webhook: Webhook, trigger: str, payload: dict[str, Any], *, attempts: int, flat: bool) -> None:
        parcel = pack(webhook, trigger, payload, attempts=attempts, flat=flat)
        mishap = self._take_mishap(trigger)
        action = mishap.action if mishap else ""
        if action == "drop":
            return
        if action == "reorder":
            with self.lock:
                self.held_back.append(parcel)
            return
        if mishap and action == "delay":
            timer = threading.Timer(mishap.seconds, self.send, [parcel])
            timer.daemon = True
            timer.start()
            return
        self.send(parcel)
        if action == "duplicate":
            self.send(parcel)
        self._send_held_back()

    def send(self, parcel: Parcel) -> None:
        """As many attempts as it takes and Cal.com makes; a failure is only written down."""
        for _ in range(parcel.attempts):
            status = self._try(parcel)
            if status is not None and 200 <= status < 300:
                return

    def _try(self, parcel: Parcel) -> int | None:
        delivery = Delivery(parcel.trigger, parcel.url, parcel.body.decode(), None)
        try:
            answer = requests.post(
                parcel.url, parcel.body, headers=parcel.headers, timeout=TIMEOUT_SECONDS, allow_redirects=False
            )
            delivery.status = answer.status_code
        except requests.RequestException as error:
            delivery.error = str(error)
        with self.lock:
            self.log.append(delivery)
        return delivery.status

    def as_rows(self) -> list[dict[str, Any]]:
        with self.lock:
            return [asdict(delivery) for delivery in self.log]

    def _take_mishap(self, trigger: str) -> Mishap | None:
        with self.lock:
            for mishap in self.mishaps:
                if mishap.times > 0 and mishap.trigger in ("", trigger):
                    mishap.times -= 1
                    return mishap
        return None

    def _send_held_back(self) -> None:
        with self.lock:
            waiting, self.held_back = self.held_back, []
        for parcel in waiting:
            self.send(parcel)


def pack(webhook: Webhook, trigger: str, payload: dict[str, Any], *, attempts: int, flat: bool) -> Parcel:
    """`flat` events have their fields beside the trigger, without a `payload` around them."""
    event: dict[str, Any] = {"triggerEvent": trigger}
    event |= payload if flat else {"createdAt": iso_utc(now()), "payload": payload}
    template = "" if flat else webhook.payload_template
    body = fill_in(template, event) if template else json.dumps(event)
    headers = {
        "Content-Type": "application/x-www-form-urlencoded" if template and not is_json(body) else "application/json",
        "X-Cal-Signature-256": signature(webhook.secret, body.encode()),
        "X-Cal-Webhook-Version": VERSION,
    }
    return Parcel(trigger, webhook.subscriber_url, headers, body.encode(), attempts)


def is_json(text: str) -> bool:
    try:
        json.loads(text)
    except ValueError:
        return False
    return True


def signature(secret: str | None, body: bytes) -> str:
    """Hex HMAC-SHA256 of the raw body, or Cal.com's words for no secret."""
    return hmac.new(secret.encode(), body, hashlib.sha256).hexdigest() if secret else "no-secret-provided"


def fill_in(template: str, event: dict[str, Any]) -> str:
    """A custom payload: `{{organizer.name}}` stands for a value of the payload, unknown names for nothing."""
    values = {**event["payload"], "triggerEvent": event["triggerEvent"], "createdAt": event["createdAt"]}

    def look_up(match: re.Match[str]) -> str:
        value: Any = values
        for step in match[1].split("."):
            if isinstance(value, list):
                value = value[int(step)] if step.isdigit() and int(step) < len(value) else None
            else:
                value = value.get(step) if isinstance(value, dict) else None
        return "" if value is None else str(value)

    return re.sub(r"\{\{\s*([\w.]+)\s*\}\}", look_up, template)

"""Signed HTTP requests to the customer's URLs, with retries; failures become steps and are never raised."""

import json
import time
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from functools import partial
from typing import Any, TypeVar

import requests

from retell.sandbox.script import CallScript
from retell.sandbox.signing import HEADER, sign
from retell.sandbox.state import Json, now_ms

T = TypeVar("T")
USER_AGENT = "axios/1.15.2"


def encoded(payload: Any) -> bytes:
    """JSON as the vendor's JavaScript writes it: no spaces, umlauts as they are."""
    return json.dumps(payload, ensure_ascii=False, separators=(",", ":")).encode()


@dataclass(frozen=True, kw_only=True)
class Outgoing:
    """One request to make. `signed_at` (ms) signs the first attempt; None takes the time of sending."""

    what: str
    url: str
    body: bytes
    timeout_ms: int
    retries: int
    method: str = "POST"
    headers: dict[str, str]
    query: dict[str, str]
    signed_at: int | None = None


@dataclass(frozen=True, kw_only=True)
class Attempt:
    """What one try came to; `status` is None and `text` the reason when no answer came.

    `ended_at` is when it was over, in milliseconds since the epoch.
    """

    what: str
    number: int
    status: int | None
    text: str
    ms: int
    ended_at: int
    reason: str = ""

    @property
    def successful(self) -> bool:
        return self.status is not None and 200 <= self.status < 300

    @property
    def body(self) -> Any:
        try:
            return json.loads(self.text)
        except ValueError:
            return self.text

    def as_step(self) -> Json:
        return {
            "what": self.what,
            "attempt": self.number,
            "status": self.status,
            "body": self.body,
            "ms": self.ms,
            "ended_at": self.ended_at,
        }


@dataclass(frozen=True)
class Courier:
    """Sends for one call with the key, clock and habits of its script."""

    script: CallScript
    webhook_key: str

    def clock_ms(self) -> int:
        return now_ms() + self.script.clock_skew_ms

    def send(self, outgoing: Outgoing) -> list[Attempt]:
        """Every attempt until one is answered 2xx or the retries are used up."""
        attempts: list[Attempt] = []
        for number in range(1, outgoing.retries + 2):
            if number > 1:
                time.sleep(self.script.retry_backoff_ms * 2 ** (number - 2) / 1000)
            attempts.append(self._try(outgoing, number))
            if attempts[-1].successful:
                break
        return attempts

    def send_copies(self, outgoing: Outgoing, copies: int) -> list[list[Attempt]]:
        """The same request `copies` times over, one after the other or all at once."""
        again = replace(outgoing, signed_at=None) if self.script.resign else outgoing
        jobs = [partial(self.send, one) for one in [outgoing, *[again] * (copies - 1)][:copies]]
        return together(jobs, parallel=bool(self.script.parallel))

    def _try(self, outgoing: Outgoing, number: int) -> Attempt:
        started = time.monotonic()
        status: int | None = None
        reason = ""
        try:
            with requests.Session() as session:
                session.trust_env = False
                response = session.request(
                    outgoing.method,
                    outgoing.url,
                    data=outgoing.body,
                    params=outgoing.query,
                    headers=self._headers(outgoing, number),
                    timeout=outgoing.timeout_ms / 1000,
                )
            status, text = response.status_code, response.content.decode("utf-8", "replace")
        except requests.Timeout:
            reason, text = "ECONNABORTED", f"timeout of {outgoing.timeout_ms}ms exceeded"
        except requests.ConnectionError:
            reason, text = "ECONNREFUSED", "connect ECONNREFUSED or socket hang up"
        except (requests.RequestException, ValueError) as error:
            reason, text = "ERR_INVALID_URL", str(error)
        ms = round((time.monotonic() - started) * 1000)
        ended_at = now_ms()
        return Attempt(
            what=outgoing.what, number=number, status=status, text=text, ms=ms, ended_at=ended_at, reason=reason
        )

    def _headers(self, outgoing: Outgoing, number: int) -> dict[str, str]:
        headers = {"Content-Type": "application/json", "User-Agent": USER_AGENT, **outgoing.headers}
        if self.script.omit_signature:
            return headers
        signed_before = None if number > 1 and self.script.resign else outgoing.signed_at
        timestamp_ms = self.clock_ms() if signed_before is None else signed_before
        return {**headers, HEADER: sign(outgoing.body, self.script.sign_with or self.webhook_key, timestamp_ms)}


def together(jobs: Sequence[Callable[[], T]], *, parallel: bool) -> list[T]:
    """The jobs' results in their order; run at once when `parallel`."""
    if not parallel:
        return [job() for job in jobs]
    with ThreadPoolExecutor(max_workers=max(1, len(jobs))) as pool:
        return [started.result() for started in [pool.submit(job) for job in jobs]]

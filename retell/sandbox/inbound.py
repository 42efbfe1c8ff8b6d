"""The call_inbound webhook: asked while the phone rings, it may reject the call or change how it is answered."""

from dataclasses import dataclass, field
from typing import Any

from retell.sandbox.checks import strings_only
from retell.sandbox.delivery import Attempt, Courier, Outgoing, encoded
from retell.sandbox.state import Json

TIMEOUT_MS = 10_000


@dataclass(kw_only=True)
class InboundAnswer:
    """`outcome`: not_asked, accepted, rejected, bad_response (2xx but unusable) or failed (no 2xx)."""

    outcome: str
    wishes: Json = field(default_factory=dict)
    attempts: list[Attempt] = field(default_factory=list)

    def as_report(self) -> Json | None:
        if not self.attempts:
            return None
        last = self.attempts[-1].as_step()
        return {"outcome": self.outcome, **last, "what": "call_inbound", "attempts": len(self.attempts)}


def ask(courier: Courier, url: str, call: Json) -> InboundAnswer:
    """`call` is the event's inner object; a failed or bad answer leaves the number's own agent in charge."""
    timestamp_ms = courier.clock_ms()
    event = {"event": "call_inbound", "event_timestamp": timestamp_ms, "call_inbound": call}
    attempts = courier.send(
        Outgoing(
            what="call_inbound",
            url=url,
            body=encoded(event),
            headers={},
            query={},
            timeout_ms=TIMEOUT_MS,
            retries=courier.script.webhook_retries,
            signed_at=timestamp_ms,
        )
    )
    if not attempts[-1].successful:
        return InboundAnswer(outcome="failed", attempts=attempts)
    wishes = _wishes(attempts[-1])
    if wishes is None:
        return InboundAnswer(outcome="bad_response", attempts=attempts)
    outcome = "rejected" if wishes.get("reject") is True else "accepted"
    return InboundAnswer(outcome=outcome, wishes=wishes, attempts=attempts)


def _wishes(attempt: Attempt) -> Json | None:
    """The answer's `call_inbound`; {} when it wishes nothing, None when it breaks the contract."""
    if not attempt.text.strip():
        return {}
    body: Any = attempt.body
    wishes = body.get("call_inbound", {}) if isinstance(body, dict) else None
    if not isinstance(wishes, dict):
        return None
    good_variables = strings_only(wishes.get("dynamic_variables") or {})
    good_metadata = isinstance(wishes.get("metadata") or {}, dict)
    return wishes if good_variables and good_metadata else None

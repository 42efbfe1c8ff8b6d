"""Retell's call object, read with tolerance: fields come and go, spellings change, nothing may raise."""

from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from decimal import Decimal, InvalidOperation
from typing import Any

from django.utils.dateparse import parse_datetime

from appointments.calls import CallNews
from appointments.models import Call
from mcp_gateway import strict_json

PROVIDER = "retell"
MAX_CALL_ID = 64
# Seconds since 1970 stay below this for the next 2,900 years; milliseconds have been above it since 1973.
FIRST_MILLISECONDS = 100_000_000_000


class NoCallId(Exception):
    """The body names no usable call id; a cut one is worse than none."""


def call_of(body: Mapping[str, Any]) -> Mapping[str, Any]:
    """The call object, whether it is nested under "call" or flat."""
    nested = body.get("call")
    return nested if isinstance(nested, Mapping) else body


def call_id_of(call: Mapping[str, Any]) -> str:
    call_id = call.get("call_id")
    if not isinstance(call_id, str) or not 0 < len(call_id.strip()) <= MAX_CALL_ID:
        raise NoCallId
    return call_id.strip()


def call_news(call: Mapping[str, Any], *, event: str = "") -> CallNews:
    """What the call object tells; raises NoCallId. `event` settles the status where the object is sloppy."""
    analysis = mapping_of(call.get("call_analysis"))
    return CallNews(
        call_id=call_id_of(call),
        provider=PROVIDER,
        agent_id=_text(call.get("agent_id"), 64),
        agent_version=_positive_int(call.get("agent_version")),
        from_number=_text(call.get("from_number"), 64),
        to_number=_text(call.get("to_number"), 64),
        direction=_choice(call.get("direction"), Call.Direction.values),
        status=_status(call, event),
        started_at=instant(call.get("start_timestamp")),
        ended_at=instant(call.get("end_timestamp")),
        disconnection_reason=_text(call.get("disconnection_reason"), 80),
        transcript=_text(call.get("transcript")),
        summary=_text(analysis.get("call_summary")),
        analysis=dict(analysis),
        cost_cents=_decimal(mapping_of(call.get("call_cost")).get("combined_cost")),
        # A web call is somebody trying the agent from the dashboard.
        is_test=call.get("call_type") == "web_call",
    )


def instant(value: object) -> datetime | None:
    """An aware UTC instant from milliseconds, seconds or ISO text; None where it is none of them."""
    try:
        return _instant(value)
    except (OverflowError, ValueError, OSError):
        return None


def tool_calls(call: Mapping[str, Any]) -> Iterator[tuple[str, Mapping[str, Any], Any]]:
    """Each function call of the transcript as (name, arguments, result); the result is None where it is missing."""
    entries = call.get("transcript_with_tool_calls")
    rows = [row for row in entries if isinstance(row, Mapping)] if isinstance(entries, list) else []
    results = {_text(row.get("tool_call_id")): row for row in rows if row.get("role") == "tool_call_result"}
    for row in rows:
        if row.get("role") == "tool_call_invocation":
            result = results.get(_text(row.get("tool_call_id")))
            yield (
                _text(row.get("name")),
                mapping_of(json_of(row.get("arguments"))),
                result and json_of(result.get("content")),
            )


def _status(call: Mapping[str, Any], event: str) -> Call.Status:
    told = _choice(call.get("call_status"), Call.Status.values) or Call.Status.REGISTERED
    if event in ("call_ended", "call_analyzed") and told not in Call.OVER:
        return Call.Status.ENDED
    if event == "call_started" and told == Call.Status.REGISTERED:
        return Call.Status.ONGOING
    return Call.Status(told)


def _instant(value: object) -> datetime | None:
    if isinstance(value, int | float) and not isinstance(value, bool):
        return datetime.fromtimestamp(value / 1000 if value >= FIRST_MILLISECONDS else value, tz=UTC)
    parsed = parse_datetime(value) if isinstance(value, str) else None
    return parsed.astimezone(UTC) if parsed and parsed.tzinfo else None


def json_of(value: object) -> Any:
    """What a text of JSON says; anything else, and what is no JSON, as it is."""
    if not isinstance(value, str):
        return value
    try:
        return strict_json.loads(value.encode("utf-8", "replace"))
    except strict_json.NotStrictJson:
        return value


def mapping_of(value: object) -> Mapping[str, Any]:
    """The object, or an empty one where it is none."""
    return value if isinstance(value, Mapping) else {}


def _text(value: object, max_length: int | None = None) -> str:
    return value[:max_length] if isinstance(value, str) else ""


def _choice(value: object, allowed: list[str]) -> str:
    return value if isinstance(value, str) and value in allowed else ""


def _positive_int(value: object) -> int | None:
    is_plain = isinstance(value, int) and not isinstance(value, bool)
    return value if is_plain and 0 <= value < 2**31 else None  # type: ignore[operator,return-value]


def _decimal(value: object) -> Decimal | None:
    if isinstance(value, bool) or not isinstance(value, int | float | str):
        return None
    try:
        cents = Decimal(str(value)).quantize(Decimal("0.0001"))
    except InvalidOperation:
        return None
    return cents if cents.is_finite() and abs(cents) < 10**8 else None

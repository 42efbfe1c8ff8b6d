"""What can go wrong, and how it is drawn. Every fault is one that production has: nothing here is kinder or cruder."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from random import Random
from typing import Any, Literal


@dataclass(frozen=True, kw_only=True)
class CalcomFault:
    """The next requests of a kind to Cal.com fail: the body of its sandbox's `faults`."""

    kind: str
    body: Mapping[str, Any]


@dataclass(frozen=True, kw_only=True)
class Weather:
    """Cal.com's settings for some seconds: it reads from a copy that lags, or two bookings race."""

    kind: str
    setting: str
    value: float
    seconds: float


@dataclass(frozen=True, kw_only=True)
class Mishap:
    """One of Cal.com's next webhooks is lost, doubled, late or overtaken."""

    kind: str
    body: Mapping[str, Any]


@dataclass(frozen=True, kw_only=True)
class KillPoint:
    """Whoever comes by first dies: the process, or with "group" all that was started with it."""

    kind: str
    name: str
    victim: str = ""


@dataclass(frozen=True, kw_only=True)
class Blow:
    """A process ends, killed or asked to, `after` seconds into the call."""

    kind: str
    process: str
    signal: Literal["KILL", "TERM"]
    whole: bool = True
    after: float = 0.0


@dataclass(frozen=True, kw_only=True)
class Cut:
    """Database or Redis can't be reached for some seconds; Redis may have forgotten everything by then."""

    kind: str
    cable: Literal["database", "redis"]
    seconds: float
    forgets: bool = False
    after: float = 0.0


@dataclass(frozen=True, kw_only=True)
class Oddity:
    """How Retell delivers the call: knobs of its sandbox's call script."""

    kind: str
    knobs: Mapping[str, Any] = field(default_factory=dict)


Fault = CalcomFault | Weather | Mishap | KillPoint | Blow | Cut | Oddity

KILL_POINTS = (
    "inbox.receiving",
    "inbox.stored",
    "inbox.claimed",
    "inbox.handled",
    "outbox.claimed",
    "outbox.sent",
    "intent.wanted",
    "intent.written",
    "booking.claimed",
    "booking.sent",
    "booking.answered",
    "booking.scheduling",
    "booking.scheduled",
    "change.sent",
    "change.answered",
)
# Longer than we wait for any answer.
HANG_SECONDS = 35.0
HTML = "<html><head><title>502 Bad Gateway</title></head><body>cloudflare</body></html>"
THROTTLED = {"status": "error", "error": {"code": "ThrottlerException", "message": "Too Many Requests"}}
BROKEN = {"status": "error", "error": {"code": "INTERNAL_SERVER_ERROR", "message": "Internal server error"}}
# What Cal.com does with a request: the body of a fault, without where it strikes.
FAILURES: Mapping[str, Mapping[str, Any]] = {
    "hangs before": {"action": "hang", "seconds": HANG_SECONDS},
    "hangs after": {"action": "hang", "seconds": HANG_SECONDS, "when": "after"},
    "reset before": {"action": "reset"},
    "reset after": {"action": "reset", "when": "after"},
    "500 before": {"action": "reply", "status": 500, "body": BROKEN},
    "500 after": {"action": "reply", "status": 500, "body": BROKEN, "when": "after"},
    "502 with HTML": {"action": "reply", "status": 502, "body": HTML, "headers": {"Content-Type": "text/html"}},
    "429": {"action": "reply", "status": 429, "body": THROTTLED, "headers": {"Retry-After": "20"}},
    "malformed after": {"action": "malformed", "when": "after"},
    "slow": {"action": "delay", "seconds": 3.0},
}
REQUESTS: Mapping[str, Mapping[str, str]] = {
    "create": {"method": "POST", "path": "/v2/bookings"},
    "reschedule": {"method": "POST", "path": "/v2/bookings/[^/]+/reschedule"},
    "cancel": {"method": "POST", "path": "/v2/bookings/[^/]+/cancel"},
    "list": {"method": "GET", "path": "/v2/bookings"},
    "look": {"method": "GET", "path": "/v2/bookings/[^/]+"},
    "slots": {"method": "GET", "path": "/v2/slots"},
    "reserve": {"method": "POST", "path": "/v2/slots/reservations"},
    "release": {"method": "DELETE", "path": "/v2/slots/reservations/[^/]+"},
}
# Odd, and harmless to whoever has one function call only; the other kinds don't care how many there are.
ORDERS: tuple[Mapping[str, Any], ...] = (
    {"order": "reversed"},
    {"parallel": "all"},
    {"order": ["call_ended", "functions"]},
    {"order": ["call_analyzed", "call_ended", "functions"]},
    {"order": ["functions", "call_analyzed", "call_ended", "call_started"]},
)
ODDITIES: Mapping[str, Mapping[str, Any]] = {
    "events twice": {"deliveries": 2},
    "events three times at once": {"deliveries": 3, "parallel": True},
    "functions twice at once": {"deliveries": {"functions": 2, "call_ended": 2}, "parallel": True},
    "model repeats itself": {"repeat_functions": 1},
    "model makes things up": {"junk_args": True, "execution_message": True},
    "no call_ended": {"skip_events": ["call_ended"]},
    "no call_started": {"skip_events": ["call_started"]},
    "end never told": {"skip_events": ["call_ended", "call_analyzed"]},
    "nothing told": {"skip_events": ["call_started", "call_ended", "call_analyzed"]},
    "no event_timestamp": {"event_timestamp": False},
    "repeats signed as before": {"deliveries": 2, "resign": False},
    "error at the end": {"custom_disconnection_reason": "error_asr"},
}
SKEW_MS = 240_000


def draw(rng: Random, *, functions: int, servers: bool, changes: bool) -> tuple[Fault, ...]:
    """None, one or several. `functions` is how many the call has, `changes` whether it changes an appointment."""
    count = rng.choices((0, 1, 2, 3), weights=(30, 42, 20, 8))[0]
    found: list[Fault] = []
    for _ in range(count):
        fault = _one(rng, functions=functions, servers=servers, changes=changes)
        if not isinstance(fault, Oddity) or not any(isinstance(known, Oddity) for known in found):
            found.append(fault)
    return tuple(found)


def _one(rng: Random, *, functions: int, servers: bool, changes: bool) -> Fault:
    kinds = {"calcom": 40, "retell": 24, "kill": 16, "webhook": 7, "weather": 5, "blow": 5, "cut": 3 if servers else 0}
    kind = rng.choices(list(kinds), weights=list(kinds.values()))[0]
    if kind == "calcom":
        return _calcom(rng, changes=changes)
    if kind == "retell":
        return _oddity(rng, functions)
    if kind == "kill":
        return _kill(rng, changes=changes)
    if kind == "webhook":
        action = rng.choice(("drop", "duplicate", "delay", "reorder"))
        seconds = rng.uniform(0.5, 8)
        return Mishap(kind=f"webhook {action}", body={"action": action, "seconds": seconds})
    if kind == "weather":
        return _weather(rng)
    return _blow(rng) if kind == "blow" else _cut(rng)


def _calcom(rng: Random, *, changes: bool) -> CalcomFault:
    weights = {"create": 10, "list": 4, "look": 1, "slots": 4, "reserve": 2, "release": 2, "reschedule": 0, "cancel": 0}
    if changes:
        weights |= {"reschedule": 10, "cancel": 10, "look": 5}
    request = rng.choices(list(weights), weights=list(weights.values()))[0]
    failure = rng.choice(list(FAILURES))
    times = rng.choice((1, 1, 1, 2))
    body = {**FAILURES[failure], **REQUESTS[request], "times": times}
    return CalcomFault(kind=f"Cal.com {request}: {failure}", body=body)


def _oddity(rng: Random, functions: int) -> Oddity:
    if functions == 1 and rng.random() < 0.4:
        knobs = rng.choice(ORDERS)
        order = knobs.get("order", "all at once")
        return Oddity(kind=f"Retell {order if isinstance(order, str) else ', '.join(order)}", knobs=knobs)
    if rng.random() < 0.15:
        return Oddity(kind="Retell clock skew", knobs={"clock_skew_ms": rng.randint(-SKEW_MS, SKEW_MS)})
    name = rng.choice(list(ODDITIES))
    return Oddity(kind=f"Retell {name}", knobs=ODDITIES[name])


def _kill(rng: Random, *, changes: bool) -> KillPoint:
    names = [name for name in KILL_POINTS if changes or not name.startswith("change.")]
    name = rng.choice([*names, *(["change.sent", "change.answered"] * 4 if changes else [])])
    victim = "group" if rng.random() < 0.25 else ""
    return KillPoint(kind=f"killed at {name}{' (group)' if victim else ''}", name=name, victim=victim)


def _weather(rng: Random) -> Weather:
    if rng.random() < 0.5:
        lag = rng.uniform(2, 20)
        return Weather(kind="Cal.com reads lag", setting="read_lag_seconds", value=lag, seconds=rng.uniform(5, 25))
    window = rng.uniform(0.1, 1.5)
    return Weather(kind="Cal.com race window", setting="race_window_seconds", value=window, seconds=rng.uniform(5, 15))


def _blow(rng: Random) -> Blow:
    after = rng.uniform(0, 3)
    worker = rng.choice(("worker1", "worker2"))
    return rng.choice(
        (
            Blow(kind="kill -9 worker", process=worker, signal="KILL", after=after),
            Blow(kind="kill -9 one process of a worker", process=worker, signal="KILL", whole=False, after=after),
            Blow(kind="kill -9 web", process="web", signal="KILL", after=after),
            Blow(kind="kill -9 one web process", process="web", signal="KILL", whole=False, after=after),
            Blow(kind="restart worker", process=worker, signal="TERM", after=after),
            Blow(kind="kill -9 beat", process="beat", signal="KILL", after=after),
        )
    )


def _cut(rng: Random) -> Cut:
    seconds, after = rng.uniform(0.5, 6), rng.uniform(0, 3)
    return rng.choice(
        (
            Cut(kind="database away", cable="database", seconds=seconds, after=after),
            Cut(kind="Redis away", cable="redis", seconds=seconds, after=after),
            Cut(kind="Redis restarted empty", cable="redis", seconds=seconds, forgets=True, after=after),
        )
    )

"""`manage.py mcp_circuit_status`: which circuit breakers are open, for how long, and closing them by hand."""

import json
from argparse import ArgumentParser
from collections.abc import Sequence
from dataclasses import asdict
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError
from django.core.serializers.json import DjangoJSONEncoder

from mcp_gateway import breakers
from mcp_gateway.audit import record_by
from mcp_gateway.companies import company_model
from mcp_gateway.principal import Principal

ANY_OPEN = 1
BAD_USAGE = 2
NO_REDIS = 3
COLUMNS = ("NAME", "STATE", "FAILURES", "RETRY AFTER", "OPENED AT (UTC)")


class Command(BaseCommand):
    help = (
        "Show every circuit breaker that has counted a failure. They are shared through Redis; without REDIS_URL each "
        "process has its own, which can't be seen from here. "
        "Exit code 0: all closed, 1: some are not, 2: bad usage or unknown name, 3: Redis does not answer."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument(
            "--reset", metavar="NAME", help='close this breaker first and forget its failures; or "all"'
        )
        parser.add_argument("--json", action="store_true", help="a JSON array instead of a table")

    def handle(self, *args: Any, **options: Any) -> None:
        try:
            if options["reset"] is not None:
                _reset(options["reset"])
            states = _states()
        except breakers.StorageAway:
            raise CommandError("Redis does not answer: calls pass unguarded.", returncode=NO_REDIS) from None
        self.stdout.write(_as_json(states) if options["json"] else _as_table(states))
        if any(state.state != "closed" for state in states):
            raise SystemExit(ANY_OPEN)


def _reset(name: str) -> None:
    before = [state for state in _states() if name in ("all", state.name)]
    try:
        breakers.reset_all() if name == "all" else breakers.reset(name)
    except breakers.UnknownBreaker:
        raise CommandError(f"No circuit breaker called {name} is known.", returncode=BAD_USAGE) from None
    for state in before:
        record_by(
            Principal.of_task("mcp_circuit_status"),
            action="breaker.reset",
            object_type="Breaker",
            object_id=state.name,
            company_id=_company_of(state.name),
            before={"state": state.state, "failures": state.failures},
            after={"state": "closed"},
        )


def _states() -> list[breakers.BreakerState]:
    return sorted(breakers.local_states() + breakers.shared_states(), key=lambda state: state.name)


def _company_of(breaker: str) -> int | None:
    """The company after the server's name, where it is still there."""
    key = breaker.rpartition(":")[2]
    found = company_model()._default_manager.filter(pk=key).values_list("pk", flat=True) if key.isdecimal() else []
    return next(iter(found), None)


def _as_json(states: Sequence[breakers.BreakerState]) -> str:
    return json.dumps([asdict(state) for state in states], cls=DjangoJSONEncoder, indent=2)


def _as_table(states: Sequence[breakers.BreakerState]) -> str:
    if not states:
        where = "" if settings.REDIS_URL else " Without REDIS_URL each process keeps its own."
        return f"No circuit breaker has counted a failure.{where}"
    rows = [COLUMNS, *(_row(state) for state in states)]
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    return "\n".join("  ".join(map(str.ljust, row, widths)).rstrip() for row in rows)


def _row(state: breakers.BreakerState) -> tuple[str, ...]:
    retry_after = f"{state.retry_after} s" if state.retry_after else "-"
    opened_at = f"{state.opened_at:%Y-%m-%d %H:%M:%S}" if state.opened_at else "-"
    return (state.name, state.state, str(state.failures), retry_after, opened_at)

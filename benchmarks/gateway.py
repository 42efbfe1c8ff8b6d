"""`make bench`: what the gateway costs, against a bare view that calls the same function on the same server.

All of it in one run, so that the ratios hold on any machine; the numbers themselves are of this one.
"""

import json
import os
import sys
import timeit
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "benchmarks.settings")

import django

django.setup()

from django.core.management import call_command
from django.db import connection
from django.test.utils import CaptureQueriesContext

from appointments.models import Company
from benchmarks.load import Measured, Target, measure
from benchmarks.server import NOTHING
from mcp_gateway import breakers, gateway, jsonrpc, metrics, rate_limits, strict_json
from mcp_gateway.invocation import Invocation
from mcp_gateway.principal import Principal
from mcp_gateway.registry import Context, registry
from mcp_gateway.tokens import create_token, forget_remembered, verify_token
from tests.servers import Process, free_port

METHOD = "appointment_mgmt.findAppointments"
# One real look into the database, and one that does nothing.
COMPARED = (METHOD, NOTHING)
PHONE = "+4915112345678"
CONNECTIONS = (1, 8, 32)
SECONDS = 3.0
ROUNDS = 2000


def main() -> None:
    call_command("migrate", verbosity=0)
    call_command("createcachetable", verbosity=0)
    company = Company.objects.create(name="Bench", slug="bench")
    _, token = create_token(name="bench", company=company, scopes=["*"])
    with web() as port:
        for method in COMPARED:
            print(f"\n`{method}`\n")
            compare(targets(port, company, token, method))
    stages(company, token)
    queries(company, token)


@contextmanager
def web() -> Iterator[int]:
    """One gunicorn worker with four threads, on its own core as far as the machine has two."""
    port = free_port()
    command = [sys.executable, "-m", "gunicorn", "config.wsgi", "--bind", f"127.0.0.1:{port}", "--workers", "1"]
    command += ["--threads", "4", "--no-control-socket", "--log-level", "error"]
    with Process(command, environment={"DJANGO_SETTINGS_MODULE": "benchmarks.settings"}) as process:
        process.wait_until_listening(port)
        yield port


def targets(port: int, company: Company, token: str, method: str) -> list[Target]:
    headers = {"Authorization": f"Bearer {token}", "Content-Type": "application/json"}
    params = {"phone": PHONE, "company_id": company.pk}
    call = {"jsonrpc": "2.0", "id": 1, "method": method, "params": params}
    meta = {
        "io.modelcontextprotocol/protocolVersion": "2026-07-28",
        "io.modelcontextprotocol/clientCapabilities": {},
    }
    tool = registry.find(method).tool_name
    mcp = {"jsonrpc": "2.0", "id": 1, "method": "tools/call"}
    mcp_headers = {"MCP-Protocol-Version": "2026-07-28", "Mcp-Method": "tools/call", "Mcp-Name": tool}
    mcp_params = {"name": tool, "arguments": {"phone": PHONE}, "_meta": meta}
    accept = {"Accept": "application/json, text/event-stream"}
    return [
        Target("bare view", port, f"/bare/{method}", headers, json.dumps(params).encode()),
        Target("gateway", port, "/api/mcp/gateway", headers, json.dumps(call).encode()),
        Target(
            "MCP wire",
            port,
            "/mcp",
            {**headers, **mcp_headers, **accept},
            json.dumps({**mcp, "params": mcp_params}).encode(),
        ),
    ]


def compare(all_targets: list[Target]) -> None:
    print("| wire | connections | requests/s | of the bare view | p50 ms | p99 ms |")
    print("|---|---|---|---|---|---|")
    for connections in CONNECTIONS:
        bare: Measured | None = None
        for target in all_targets:
            measure(target, connections=connections, seconds=0.5)
            found = measure(target, connections=connections, seconds=SECONDS)
            bare = bare or found
            share = found.per_second / bare.per_second
            numbers = f"{found.per_second:.0f} | {share:.2f} | {found.p50:.2f} | {found.p99:.2f}"
            print(f"| {target.name} | {connections} | {numbers} |", flush=True)


def stages(company: Company, token: str) -> None:
    """What each stage of a call costs in this process, in µs: the best of five runs."""
    method = registry.find(METHOD)
    principal = Principal.of_token(verify_token(token))
    context = Context(principal=principal, company=company)
    arguments = {"phone": PHONE}
    invocation = Invocation(method=method, context=context, arguments=arguments)
    body = json.dumps({"jsonrpc": "2.0", "id": 1, "method": METHOD, "params": arguments}).encode()

    def breaker() -> None:
        with breakers.guarded(invocation):
            pass

    rows: dict[str, Callable[[], object]] = {
        "token, remembered": partial(verify_token, token),
        "strict JSON": partial(strict_json.loads, body),
        "parameters": partial(method.validated, arguments),
        "rate limit": partial(rate_limits.check, invocation),
        "breaker": breaker,
        "metrics": partial(metrics.observe, "appointment_mgmt", "findAppointments", "", 0.001),
        "the method itself": invocation.run,
        "the whole pipeline, method included": partial(gateway.call, METHOD, arguments, principal=principal),
        "the whole wire, method included": partial(jsonrpc.respond, body, principal),
    }
    print("\n| stage | µs |\n|---|---|")
    for name, stage in rows.items():
        best = min(timeit.repeat(stage, number=ROUNDS // 5, repeat=5)) / (ROUNDS // 5)
        print(f"| {name} | {best * 1e6:.0f} |", flush=True)


def queries(company: Company, token: str) -> None:
    """SQL queries of a call before the method itself, with a cold and a warm token."""
    forget_remembered()
    for state in ("cold", "warm"):
        with CaptureQueriesContext(connection) as captured:
            principal = Principal.of_token(verify_token(token))
            gateway.call(METHOD, {"phone": PHONE}, principal=principal)
        inside = sum(
            "FROM `appointments`" in query["sql"] or 'FROM "appointments"' in query["sql"] for query in captured
        )
        print(f"\nSQL with a {state} token: {len(captured) - inside} before the method, {inside} in it")


if __name__ == "__main__":
    main()

"""Programs at the gateway of an installation with two web processes."""

import time
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
import requests

from mcp_gateway.tokens import create_token
from tests.journeys.world import World

CALLS = 60

pytestmark = pytest.mark.processes


def call(world: World, token: str, method: str, **params: Any) -> requests.Response:
    body = {"jsonrpc": "2.0", "id": 1, "method": method, "params": params}
    headers = {"Authorization": f"Bearer {token}"}
    return requests.post(f"{world.app_url}/api/mcp/gateway", json=body, headers=headers, timeout=30)


def counted(world: World, sample: str) -> float:
    lines = requests.get(f"{world.app_url}/api/mcp/metrics", timeout=30).text.splitlines()
    return next((float(line.split()[-1]) for line in lines if line.startswith(sample)), 0.0)


def test_the_counters_of_both_processes_add_up(world: World) -> None:
    _, token = create_token(name="till", company=world.company(), scopes=["*"])
    sample = 'mcp_gateway_requests_total{method="findAppointments",server="appointment_mgmt"}'
    before = counted(world, sample)
    with ThreadPoolExecutor(8) as pool:
        answers = list(
            pool.map(
                lambda _: call(world, token, "appointment_mgmt.findAppointments", phone="030 12345678"), range(CALLS)
            )
        )
    assert {answer.json()["result"]["appointments"] == [] for answer in answers} == {True}
    assert counted(world, sample) == before + CALLS


def test_a_program_sees_its_event_types_in_cal_com(world: World) -> None:
    company = world.company()
    _, token = create_token(name="till", company=company, scopes=["*"])
    event_types = call(world, token, "calcom.getEventTypes").json()["result"]
    assert [event_type["title"] for event_type in event_types] == ["Herrenhaarschnitt", "Damenhaarschnitt"]


@pytest.mark.servers
def test_a_limit_holds_over_both_processes(world: World) -> None:
    company = world.company()
    company.rate_limit_per_minute = 20
    company.save()
    _, token = create_token(name="till", company=company, scopes=["*"])
    into_the_minute = time.time() % 60
    if into_the_minute > 45:  # the limit counts by the minute: the calls must not lie on both sides of its end
        time.sleep(60 - into_the_minute)
    with ThreadPoolExecutor(8) as pool:
        answers = list(
            pool.map(
                lambda _: call(world, token, "appointment_mgmt.findAppointments", phone="030 12345678"), range(CALLS)
            )
        )
    refused = [answer for answer in answers if answer.status_code == 429]
    assert len(answers) - len(refused) == 20
    assert all(int(answer.headers["Retry-After"]) >= 1 for answer in refused)

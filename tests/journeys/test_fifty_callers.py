"""Fifty callers after one time at the same instant, at two web processes."""

import json
import time
from concurrent.futures import ThreadPoolExecutor
from threading import Barrier
from typing import Any

import pytest
import requests

from appointments.models import Appointment, Company
from retell.sandbox.signing import HEADER, sign
from tests.journeys.test_dialogues import COLLECT, WISH
from tests.journeys.world import World

pytestmark = [pytest.mark.processes, pytest.mark.servers]

CALLERS = 50


class Callers:
    """All of them on the line with one company."""

    def __init__(self, world: World, company: Company) -> None:
        self.world, self.company = world, company

    def all_say(self, args: list[dict[str, Any]]) -> list[dict[str, Any]]:
        """One function call of each, at the same instant; its answers in the same order."""
        barrier = Barrier(len(args))

        def say(number: int) -> dict[str, Any]:
            barrier.wait(timeout=30)
            return self.say(number, args[number])

        with ThreadPoolExecutor(len(args)) as pool:
            return list(pool.map(say, range(len(args))))

    def say(self, number: int, args: dict[str, Any]) -> dict[str, Any]:
        call = {
            "call_id": f"call_{number}",
            "call_type": "phone_call",
            "call_status": "ongoing",
            "direction": "inbound",
            "from_number": f"+4915112345{number:03}",
            "to_number": self.company.phone_number,
        }
        body = json.dumps({"name": COLLECT, "args": args, "call": call}).encode()
        signature = sign(body, self.company.retell_webhook_key, int(time.time() * 1000))
        headers = {HEADER: signature, "Content-Type": "application/json"}
        url = f"{self.world.app_url}/api/mcp/retell/custom-function"
        answer: dict[str, Any] = requests.post(url, data=body, headers=headers, timeout=60).json()
        return answer


def test_one_holds_it_and_what_the_others_are_offered_they_get(world: World) -> None:
    callers = Callers(world, world.company())
    answers = callers.all_say([WISH] * CALLERS)
    assert [answer["status"] for answer in answers].count("collected") == 1
    offers = [[(one["date"], one["time"]) for one in answer.get("alternatives", [])] for answer in answers]
    told = [one for alternatives in offers for one in alternatives]
    assert len(told) == len(set(told)) >= CALLERS
    assert Appointment.objects.count() == 1

    choosing = [number for number, alternatives in enumerate(offers) if alternatives]
    taken_up = callers.all_say(
        [{**WISH, "date": None, "time": "das erste"} if n in choosing else WISH for n in range(CALLERS)]
    )
    assert [(taken_up[n]["status"], taken_up[n]["date"], taken_up[n]["time"]) for n in choosing] == [
        ("collected", *offers[n][0]) for n in choosing
    ]
    starts = list(Appointment.objects.values_list("starts_at", flat=True))
    assert len(starts) == len(set(starts)) == len(choosing) + 1

"""Somebody is on the line."""

from collections.abc import Iterator

import pytest
import time_machine

from appointments.models import Company, Service
from tests.appointments.talking import NOW, Conversation
from tests.calcom.conftest import CalcomControl, running_sandbox
from tests.factories import make_service

__all__ = ["running_sandbox"]


@pytest.fixture(autouse=True)
def _monday_morning() -> Iterator[None]:
    with time_machine.travel(NOW):
        yield


@pytest.fixture
def cut(salon: Company, control: CalcomControl) -> Service:
    return make_service(
        salon, name="Haarschnitt", aliases=["cut"], duration_minutes=60, calcom_event_type_id=control.ids["haircut"]
    )


@pytest.fixture
def caller(cut: Service, control: CalcomControl) -> Conversation:
    return Conversation(cut, control)


@pytest.fixture
def other_caller(cut: Service, control: CalcomControl) -> Conversation:
    return Conversation(cut, control, number="+4915187654321")


@pytest.fixture
def hidden_caller(cut: Service, control: CalcomControl) -> Conversation:
    return Conversation(cut, control, number=None)

"""Two salons with an agent each. Their service is in no calendar: a booking stops there and asks for staff."""

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager

import pytest
import time_machine

from appointments.models import Company
from tests import bells
from tests.factories import make_configuration, make_service
from tests.retell.door import STARTED_MS, Door

CaptureCallbacks = Callable[..., AbstractContextManager]


@pytest.fixture
def door(company: Company, django_capture_on_commit_callbacks: CaptureCallbacks) -> Door:
    return _door(company, django_capture_on_commit_callbacks)


@pytest.fixture
def other_door(other_company: Company, django_capture_on_commit_callbacks: CaptureCallbacks) -> Door:
    return _door(other_company, django_capture_on_commit_callbacks)


@pytest.fixture
def monday() -> Iterator[None]:
    """It is ten o'clock in Berlin, on Monday, January 11, 2027; a call has just begun."""
    with time_machine.travel(STARTED_MS / 1000, tick=False):
        yield


@pytest.fixture
def worker(django_capture_on_commit_callbacks: CaptureCallbacks) -> Iterator[Callable[[], None]]:
    """Works off what has been rung for so far."""

    def work() -> None:
        with django_capture_on_commit_callbacks(execute=True):
            bells.answer()

    bells.rung()
    yield work
    bells.rung()


def _door(company: Company, on_commit: CaptureCallbacks) -> Door:
    make_service(company)
    return Door(company, make_configuration(company), on_commit)

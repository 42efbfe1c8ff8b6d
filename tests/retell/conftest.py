"""Two salons with an agent each, and with an account each at one running Cal.com sandbox."""

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager

import pytest
import time_machine

from appointments.models import Company
from tests import bells
from tests.calcom.conftest import CalcomControl
from tests.calcom.conftest import control as control
from tests.calcom.conftest import running_sandbox as running_sandbox
from tests.factories import make_configuration, make_service
from tests.retell.door import STARTED_MS, Door

CaptureCallbacks = Callable[..., AbstractContextManager]


@pytest.fixture
def door(company: Company, control: CalcomControl, django_capture_on_commit_callbacks: CaptureCallbacks) -> Door:
    return _door(company, control, django_capture_on_commit_callbacks)


@pytest.fixture
def other_door(
    other_company: Company, control: CalcomControl, django_capture_on_commit_callbacks: CaptureCallbacks
) -> Door:
    return _door(other_company, control, django_capture_on_commit_callbacks)


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


def _door(company: Company, control: CalcomControl, on_commit: CaptureCallbacks) -> Door:
    """Half an hour of haircut every half hour: the sandbox's hosts work from 9 to 19 o'clock in Berlin's winter."""
    event_type = {"title": "Haircut", "slug": "haircut", "length_minutes": 30}
    ids = control.add_account(company.slug, company.calcom_api_key, [event_type])
    company.calcom_base_url = control.base_url
    company.save()
    service = make_service(company, calcom_event_type_id=ids["haircut"])
    return Door(company, service, make_configuration(company), control, on_commit)

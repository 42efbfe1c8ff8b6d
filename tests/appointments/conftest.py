"""A salon whose calendar is a running Cal.com sandbox."""

import pytest
from pytest_django import Settings

from appointments.models import Company, Service
from tests.calcom.conftest import API_KEY, CalcomControl
from tests.calcom.conftest import control as control
from tests.calcom.conftest import running_sandbox as running_sandbox
from tests.factories import make_company, make_service


@pytest.fixture
def salon(db: None, control: CalcomControl) -> Company:
    return make_company(calcom_api_key=API_KEY, calcom_base_url=control.base_url)


@pytest.fixture
def haircut(salon: Company, control: CalcomControl) -> Service:
    return make_service(salon, duration_minutes=60, calcom_event_type_id=control.ids["haircut"])


@pytest.fixture
def colour(salon: Company, control: CalcomControl) -> Service:
    """What somebody has to confirm in Cal.com."""
    return make_service(salon, name="Farbe", aliases=[], calcom_event_type_id=control.ids["colour"])


@pytest.fixture
def broken_calendar(settings: Settings) -> None:
    """Breaks on the name "Zero"."""
    settings.CALENDAR_BACKEND = "tests.appointments.wishing.BrokenCalendar"


@pytest.fixture
def hasty_calendar(settings: Settings) -> None:
    """Nobody waits for an answer that doesn't come."""
    settings.CALENDAR_BACKEND = "tests.appointments.wishing.HastyCalendar"

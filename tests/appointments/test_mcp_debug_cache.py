"""`manage.py mcp_debug_cache`."""

import json
from datetime import UTC, datetime, timedelta
from io import StringIO
from typing import Any

import pytest
from django.core.cache import cache
from django.core.management import CommandError, call_command

from appointments.models import Appointment, Call, Company
from appointments.wishes import Wish, booking_key, cache_key, note_wish
from tests.factories import make_call, make_service

AT = datetime(2027, 1, 12, 13, 30, tzinfo=UTC)
SECRETS = ("Erika Beispiel", "erika@example.org", "Bitte leise")


@pytest.fixture
def call(company: Company) -> Call:
    """A call whose wish stands in both places."""
    call = make_call(company)
    note_wish(call, wish(make_service(company).pk))
    return call


def wish(service_id: int, **fields: Any) -> Wish:
    name, email, notes = SECRETS
    defaults = {
        "customer_name": name,
        "email": email,
        "notes": notes,
        "appointment_date": AT.date(),
        "appointment_time": "14:30",
        "service_type": "Herrenhaarschnitt",
        "service_id": service_id,
        "collected_at": AT - timedelta(days=1),
        "starts_at": AT,
        "language": "de",
    }
    return Wish.model_validate({**defaults, **fields})


def debug(call_id: str, *arguments: str) -> tuple[int, str]:
    output = StringIO()
    try:
        call_command("mcp_debug_cache", f"--call-id={call_id}", *arguments, stdout=output)
    except SystemExit as end:
        return int(end.code or 0), output.getvalue()
    return 0, output.getvalue()


def kept(call_id: str, *arguments: str) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(debug(call_id, "--json", *arguments)[1])
    return found


def test_it_shows_the_wish_in_both_places(call: Call) -> None:
    code, output = debug(call.call_id)
    assert code == 0
    assert cache_key(call.call_id) in output
    assert output.count("Herrenhaarschnitt") == 2


@pytest.mark.parametrize("form", [[], ["--json"]])
def test_what_tells_who_called_is_masked(call: Call, form: list[str]) -> None:
    output = debug(call.call_id, *form)[1]
    assert [secret for secret in SECRETS if secret in output] == []
    assert "••••" in output


def test_unknown_fields_are_masked_too(call: Call) -> None:
    cache.set(cache_key(call.call_id), {"insurance": "private"})
    assert kept(call.call_id)["cache"]["fields"] == {"insurance": "••••"}


def test_show_unmasks(call: Call) -> None:
    output = debug(call.call_id, "--show")[1]
    assert [secret for secret in SECRETS if secret in output] == list(SECRETS)


def test_a_lost_cache_leaves_the_row(call: Call) -> None:
    cache.clear()
    found = kept(call.call_id)
    assert found["cache"]["fields"] is None
    assert found["database"]["fields"]["service_type"] == "Herrenhaarschnitt"
    assert found["database"]["counts"] == "2027-01-11T13:30:00+00:00"


def test_a_cache_without_a_row_is_shown(db: None) -> None:
    cache.set(cache_key("call_1"), {"service_type": "Schnitt"})
    code, output = debug("call_1", "--json")
    assert code == 0
    assert json.loads(output)["database"] is None


def test_it_shows_the_booking(call: Call) -> None:
    appointment = Appointment.objects.create(
        company=call.company,
        service=call.company.services.get(),
        call=call,
        starts_at=AT,
        ends_at=AT + timedelta(minutes=30),
        status="scheduled",
        booking_key=booking_key(call),
        calcom_booking_uid="bk_1",
    )
    booking = kept(call.call_id)["booking"]
    assert (booking["appointment"], booking["status"], booking["calcom_uid"]) == (appointment.pk, "scheduled", "bk_1")


def test_where_nothing_is_kept_the_exit_code_says_so(db: None) -> None:
    code, output = debug("call_unknown")
    assert code == 1
    assert "nothing" in output


def test_another_call_is_not_shown(call: Call) -> None:
    assert debug(f"{call.call_id}x")[0] == 1


def test_looking_twice_changes_nothing(call: Call) -> None:
    before = kept(call.call_id, "--show")
    after = kept(call.call_id, "--show")
    assert [found["cache"].pop("seconds_left") is None for found in (before, after)] in ([True] * 2, [False] * 2)
    assert after == before


@pytest.mark.servers
def test_redis_tells_how_long_it_is_kept(call: Call) -> None:
    if not hasattr(cache, "ttl"):
        pytest.skip("this cache can't tell")
    assert 0 < kept(call.call_id)["cache"]["seconds_left"] <= 3600


def test_it_needs_a_call_id() -> None:
    with pytest.raises(CommandError):
        call_command("mcp_debug_cache")

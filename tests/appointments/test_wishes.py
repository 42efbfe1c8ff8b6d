"""A wish is kept twice: what one place loses, the other has."""

from datetime import timedelta

import pytest
from django.core.cache import cache

from appointments.models import Call, Company, Service
from appointments.wishes import CACHE_SECONDS, Wish, booking_key, cache_key, note_wish, wish_of
from tests.appointments.wishing import a_wish
from tests.factories import make_call, make_service

UNREADABLE = [None, "", "erika", 3, [], {}, {"customer_name": "Erika"}]


@pytest.fixture
def service(company: Company) -> Service:
    return make_service(company)


@pytest.fixture
def call(company: Company) -> Call:
    return make_call(company)


@pytest.fixture
def wish(service: Service) -> Wish:
    return a_wish(service, notes="by the window", email="erika@example.com")


def put_into_cache(call: Call, data: object) -> None:
    cache.set(cache_key(call.call_id), data, CACHE_SECONDS)


def put_into_database(call: Call, data: object) -> None:
    call.collected_data = data
    call.save()


def test_no_wish(call: Call) -> None:
    assert wish_of(call) is None


def test_a_wish_is_found_as_it_was_noted(call: Call, wish: Wish) -> None:
    note_wish(call, wish)
    assert wish_of(Call.objects.get()) == wish


def test_the_cache_has_it_under_the_calls_id(call: Call, wish: Wish) -> None:
    note_wish(call, wish)
    assert cache.get(f"retell:appointment:{call.call_id}")["customer_name"] == "Erika Beispiel"


def test_a_cache_that_lost_it(call: Call, wish: Wish) -> None:
    note_wish(call, wish)
    cache.clear()
    assert wish_of(Call.objects.get()) == wish


def test_a_database_that_does_not_have_it(call: Call, wish: Wish) -> None:
    put_into_cache(call, wish.model_dump(mode="json"))
    assert wish_of(Call.objects.get()) == wish


def test_a_cache_that_missed_the_later_wish(call: Call, wish: Wish) -> None:
    later = wish.model_copy(update={"customer_name": "Max", "collected_at": wish.collected_at + timedelta(minutes=1)})
    put_into_cache(call, wish.model_dump(mode="json"))
    put_into_database(call, later.model_dump(mode="json"))
    assert wish_of(call) == later


def test_a_database_that_missed_the_later_wish(call: Call, wish: Wish) -> None:
    later = wish.model_copy(update={"customer_name": "Max", "collected_at": wish.collected_at + timedelta(minutes=1)})
    put_into_cache(call, later.model_dump(mode="json"))
    put_into_database(call, wish.model_dump(mode="json"))
    assert wish_of(call) == later


def test_a_later_wish_replaces_the_first(call: Call, wish: Wish) -> None:
    later = wish.model_copy(update={"customer_name": "Max", "collected_at": wish.collected_at + timedelta(minutes=1)})
    note_wish(call, wish)
    note_wish(call, later)
    assert wish_of(Call.objects.get()) == later


@pytest.mark.parametrize("data", UNREADABLE)
def test_what_the_cache_has_unreadable_is_taken_from_the_database(call: Call, wish: Wish, data: object) -> None:
    note_wish(call, wish)
    put_into_cache(call, data)
    assert wish_of(call) == wish


@pytest.mark.parametrize("data", [data for data in UNREADABLE if data is not None])
def test_what_the_database_has_unreadable_is_taken_from_the_cache(call: Call, wish: Wish, data: object) -> None:
    note_wish(call, wish)
    put_into_database(call, data)
    assert wish_of(call) == wish


def test_unreadable_in_both_places_is_no_wish(call: Call) -> None:
    put_into_cache(call, {"customer_name": "Erika"})
    put_into_database(call, {"customer_name": "Erika"})
    assert wish_of(call) is None


def test_a_time_without_a_zone_is_unreadable(call: Call, wish: Wish) -> None:
    put_into_database(call, {**wish.model_dump(mode="json"), "starts_at": "2026-03-02T10:00:00"})
    assert wish_of(call) is None


def test_a_wish_is_the_calls_own(company: Company, call: Call, wish: Wish) -> None:
    note_wish(call, wish)
    assert wish_of(make_call(company)) is None


def test_the_booking_key_is_the_same_for_ever() -> None:
    assert str(booking_key(Call(provider="retell", call_id="call_1"))) == "3805576a-64ea-5d9a-8c4b-76c14f63bdac"


def test_each_call_has_its_own_booking_key() -> None:
    calls = [Call(provider="retell", call_id="call_1"), Call(provider="retell", call_id="call_2"), Call(provider="x")]
    assert len({booking_key(call) for call in calls}) == 3

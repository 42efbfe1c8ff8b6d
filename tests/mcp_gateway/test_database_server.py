"""`database`: tables, searches, reports and figures, of one company only."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest
import time_machine

from appointments.models import Appointment, Call, Company, FollowUp
from mcp_gateway import gateway
from mcp_gateway.errors import InvalidParams, NotFound
from mcp_gateway.principal import Principal
from tests.factories import make_call, make_company, make_customer, make_service

# A Wednesday, noon in Berlin.
NOON = datetime(2027, 1, 13, 11, tzinfo=UTC)
PHONE = "+4915112345678"
DAY = timedelta(days=1)

Ask = Callable[..., Any]


@pytest.fixture(autouse=True)
def _noon() -> Any:
    with time_machine.travel(NOON, tick=False):
        yield


@pytest.fixture
def ask(company: Company) -> Ask:
    """Call a method of `database` as a caller who may see `company` only."""
    return asker(company)


def asker(company: Company) -> Ask:
    principal = Principal.of_task("tests", company.pk)
    return lambda method, **params: gateway.call(f"database.{method}", params, principal=principal)


def rows(ask: Ask, report: str, **parameters: Any) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = ask("query", report=report, parameters=parameters)["rows"]
    return found


def make_appointment(company: Company, **columns: Any) -> Appointment:
    if "service" not in columns:
        columns["service"] = company.services.first() or make_service(company)
    starts_at = columns.pop("starts_at", NOON)
    defaults = {"status": "scheduled", "attendee_name": "Erika Beispiel", "ends_at": starts_at + timedelta(minutes=30)}
    return Appointment.objects.create(company=company, starts_at=starts_at, **{**defaults, **columns})


def ended_call(company: Company, **columns: Any) -> Call:
    started_at = columns.pop("started_at", NOON)
    defaults = {"status": "ended", "started_at": started_at, "ended_at": started_at + timedelta(seconds=90)}
    return make_call(company, **{**defaults, **columns})


class TestGetSchema:
    def test_it_names_tables_with_typed_columns(self, ask: Ask) -> None:
        calls = next(table for table in ask("getSchema")["tables"] if table["name"] == "calls")
        columns = {column["name"]: column for column in calls["columns"]}
        assert calls["searchable"]
        assert columns["id"]["type"] == "integer"
        assert columns["started_at"] == {"name": "started_at", "type": "datetime", "nullable": True, "choices": []}
        assert columns["cost_cents"]["type"] == "decimal"
        assert columns["status"]["choices"] == Call.Status.values

    def test_it_shows_no_key_no_hash_and_no_transcript(self, ask: Ask) -> None:
        tables = {table["name"]: table["columns"] for table in ask("getSchema")["tables"]}
        names = {column["name"] for columns in tables.values() for column in columns}
        assert not {"companies", "api_tokens"} & set(tables)
        assert not [name for name in names if "key" in name or "hash" in name or "transcript" in name]

    def test_it_describes_each_report_with_its_parameters(self, ask: Ask) -> None:
        described = {report["name"]: report for report in ask("getSchema")["reports"]}
        assert len(described) >= 5
        assert all(report["description"] for report in described.values())
        assert set(described["calls_by_day"]["parameters"]["properties"]) == {"first_day", "last_day"}


class TestQuery:
    def test_an_unknown_report_is_refused_and_the_known_ones_named(self, ask: Ask) -> None:
        with pytest.raises(InvalidParams) as refusal:
            ask("query", report="SELECT * FROM companies")
        assert "calls_by_day" in refusal.value.data["known"]

    @pytest.mark.parametrize(
        "parameters", [{"first_day": "yesterday"}, {"frist_day": "2027-01-01"}, {"company_id": 1}, {"first_day": [1]}]
    )
    def test_wrong_parameters_are_named(self, ask: Ask, parameters: dict[str, Any]) -> None:
        with pytest.raises(InvalidParams) as refusal:
            rows(ask, "calls_by_day", **parameters)
        assert refusal.value.data["errors"][0]["parameter"] == next(iter(parameters))

    @pytest.mark.parametrize(
        ("first", "last"),
        [
            ("2027-01-13", "2027-01-12"),
            ("2026-01-01", "2027-01-01"),
            ("0001-01-01", "0001-01-02"),
            ("9999-12-01", "9999-12-31"),
        ],
    )
    def test_impossible_periods_are_refused(self, ask: Ask, first: str, last: str) -> None:
        with pytest.raises(InvalidParams):
            rows(ask, "calls_by_day", first_day=first, last_day=last)

    @pytest.mark.parametrize("limit", [0, 501])
    def test_limits_beyond_the_range_are_refused(self, ask: Ask, limit: int) -> None:
        with pytest.raises(InvalidParams):
            ask("query", report="calls_by_day", limit=limit)

    def test_rows_beyond_the_limit_are_cut_and_told(self, ask: Ask) -> None:
        answer = ask("query", report="calls_by_day", limit=3)
        assert (len(answer["rows"]), answer["truncated"]) == (3, True)

    def test_every_report_answers_a_company_without_rows(self, ask: Ask) -> None:
        for report in ask("getSchema")["reports"]:
            assert ask("query", report=report["name"])["truncated"] is False

    def test_no_report_shows_anything_of_another_company(self, ask: Ask, other_company: Company) -> None:
        before = everything(ask)
        full_house(other_company)
        assert everything(ask) == before

    def test_no_report_counts_test_calls(self, ask: Ask, company: Company) -> None:
        make_service(company)
        before = everything(ask)
        full_house(company, is_test=True)
        assert everything(ask) == before

    def test_real_rows_show_in_every_report(self, ask: Ask, company: Company) -> None:
        """What makes the two tests above able to fail."""
        before = everything(ask)
        full_house(company)
        after = everything(ask)
        assert [name for name in after if after[name] == before[name]] == []


def everything(ask: Ask) -> dict[str, Any]:
    return {report["name"]: rows(ask, report["name"]) for report in ask("getSchema")["reports"]}


def full_house(company: Company, *, is_test: bool = False) -> None:
    """Something for each report to show."""
    customer = make_customer(company, phone=PHONE)
    call = ended_call(company, is_test=is_test, disconnection_reason="user_hangup", cost_cents=Decimal("12.5"))
    make_appointment(company, customer=customer, call=call)
    make_appointment(company, customer=customer, call=call, starts_at=NOON - DAY)
    ended_call(company, is_test=is_test, collected_data={"service_type": "Schnitt"})
    FollowUp.objects.create(company=company, kind="callback", call=call, what_to_do="Call back")


class TestReports:
    def test_days_are_the_companys_own(self, ask: Ask, company: Company) -> None:
        ended_call(company, started_at=datetime(2027, 1, 11, 22, 59, 59, tzinfo=UTC), cost_cents=Decimal("12.5"))
        ended_call(company, started_at=datetime(2027, 1, 11, 23, 0, tzinfo=UTC), cost_cents=Decimal("0.25"))
        found = rows(ask, "calls_by_day", first_day="2027-01-11", last_day="2027-01-12")
        assert [(row["day"], row["calls"], row["cost_cents"]) for row in found] == [
            ("2027-01-11", 1, 12.5),
            ("2027-01-12", 1, 0.25),
        ]

    def test_the_day_of_the_clock_change_has_25_hours(self, ask: Ask, company: Company) -> None:
        for hour in (22, 22 + 24):  # 00:00 in summer time, 23:00 in winter time of the same day
            at = datetime(2026, 10, 24, tzinfo=UTC) + timedelta(hours=hour)
            ended_call(company, started_at=at)
        found = rows(ask, "calls_by_day", first_day="2026-10-24", last_day="2026-10-26")
        assert [row["calls"] for row in found] == [0, 2, 0]

    def test_without_days_it_is_the_last_thirty_with_today(self, ask: Ask) -> None:
        found = rows(ask, "calls_by_day")
        assert (len(found), found[0]["day"], found[-1]["day"]) == (30, "2026-12-15", "2027-01-13")

    def test_calls_by_day_tell_bookings_and_length(self, ask: Ask, company: Company) -> None:
        make_appointment(company, call=ended_call(company))
        ended_call(company, ended_at=NOON + timedelta(seconds=30))
        today = rows(ask, "calls_by_day")[-1]
        assert (today["calls"], today["with_appointment"], today["average_seconds"]) == (2, 1, 60.0)

    def test_hours_are_the_companys_own(self, ask: Ask, company: Company) -> None:
        ended_call(company)
        assert [row["hour"] for row in rows(ask, "calls_by_hour") if row["calls"]] == [12]

    def test_reasons_come_most_frequent_first(self, ask: Ask, company: Company) -> None:
        for reason in ("agent_hangup", "user_hangup", "user_hangup"):
            ended_call(company, disconnection_reason=reason)
        found = rows(ask, "calls_by_disconnection_reason")
        assert [(row["disconnection_reason"], row["calls"]) for row in found] == [
            ("user_hangup", 2),
            ("agent_hangup", 1),
        ]

    def test_appointments_by_day_tell_what_became_of_them(self, ask: Ask, company: Company) -> None:
        for status in ("scheduled", "cancelled", "no_show", "failed", "held", "expired"):
            make_appointment(company, status=status)
        assert rows(ask, "appointments_by_day")[-1] == {
            "day": "2027-01-13",
            "booked": 3,
            "cancelled": 1,
            "no_show": 1,
            "failed": 1,
        }

    def test_services_come_most_booked_first(self, ask: Ask, company: Company) -> None:
        rare, frequent = make_service(company, name="Färben"), make_service(company, name="Schnitt")
        for service in (frequent, rare, frequent):
            make_appointment(company, service=service)
        found = rows(ask, "appointments_by_service")
        assert [(row["service"], row["booked"]) for row in found] == [("Schnitt", 2), ("Färben", 1)]

    def test_cancelled_appointments_make_nobody_a_frequent_customer(self, ask: Ask, company: Company) -> None:
        customer = make_customer(company, phone=PHONE)
        make_appointment(company, customer=customer)
        make_appointment(company, customer=customer, status="cancelled")
        assert rows(ask, "frequent_customers") == []
        assert [row["customer_id"] for row in rows(ask, "frequent_customers", at_least=1)] == [customer.pk]

    def test_follow_ups_may_be_asked_for_by_kind(self, ask: Ask, company: Company) -> None:
        for kind in ("callback", "needs_review"):
            FollowUp.objects.create(company=company, kind=kind, what_to_do="See to it")
        FollowUp.objects.create(company=company, kind="callback", what_to_do="Done", status="done")
        assert len(rows(ask, "open_follow_ups")) == 2
        assert [row["kind"] for row in rows(ask, "open_follow_ups", kind="callback")] == ["callback"]

    def test_calls_with_a_wish_that_was_booked_are_not_unbooked(self, ask: Ask, company: Company) -> None:
        wish = {"service_type": "Schnitt"}
        make_appointment(company, call=ended_call(company, collected_data=wish))
        missed = ended_call(company, collected_data=wish)
        make_appointment(company, call=missed, status="failed")
        assert [row["call_id"] for row in rows(ask, "unbooked_calls")] == [missed.call_id]


class TestSearch:
    @pytest.mark.parametrize(
        "written", [PHONE, "0151 12345678", "0151/123 456 78", "0049 151 12345678", "+49 (151) 1234-5678"]
    )
    def test_a_phone_number_is_found_however_it_is_written(self, ask: Ask, company: Company, written: str) -> None:
        customer = make_customer(company, phone=PHONE)
        call = make_call(company, caller_phone=PHONE)
        appointment = make_appointment(company, customer=customer)
        found = {(hit["table"], hit["row"]["id"]) for hit in ask("search", text=written)["hits"] if hit["exact"]}
        assert found == {("customers", customer.pk), ("calls", call.pk), ("appointments", appointment.pk)}

    def test_part_of_a_phone_number_is_no_exact_hit(self, ask: Ask, company: Company) -> None:
        make_customer(company, phone=PHONE)
        (hit,) = ask("search", text="345678")["hits"]
        assert (hit["table"], hit["exact"]) == ("customers", False)

    def test_a_call_id_finds_the_call_and_its_appointment(self, ask: Ask, company: Company) -> None:
        call = make_call(company)
        appointment = make_appointment(company, call=call)
        hits = ask("search", text=call.call_id)["hits"]
        assert {(hit["table"], hit["row"]["id"]) for hit in hits if hit["exact"]} == {
            ("appointments", appointment.pk),
            ("calls", call.pk),
        }

    def test_a_booking_is_found_by_uid_and_by_key(self, ask: Ask, company: Company) -> None:
        appointment = make_appointment(company, calcom_booking_uid="bk_8f3a")
        for text in ("bk_8f3a", str(appointment.booking_key)):
            (hit,) = ask("search", text=text)["hits"]
            assert (hit["exact"], hit["row"]["id"]) == (True, appointment.pk)

    def test_exact_hits_come_first(self, ask: Ask, company: Company) -> None:
        exact = make_customer(company, name="Anna", phone=PHONE)
        make_customer(company, name="Annabell", phone="+4915112345679")
        make_appointment(company, attendee_name="Annabell")
        hits = ask("search", text="anna")["hits"]
        assert [hit["exact"] for hit in hits] == [True, False, False]
        assert hits[0]["row"]["id"] == exact.pk

    def test_wildcards_of_the_database_mean_themselves(self, ask: Ask, company: Company) -> None:
        make_customer(company)
        assert ask("search", text="%%")["hits"] == []

    def test_there_are_at_most_fifty_hits(self, ask: Ask, company: Company) -> None:
        for number in range(60):
            make_customer(company, name=f"Beispiel {number}")
        assert len(ask("search", text="Beispiel")["hits"]) == 50
        assert len(ask("search", text="Beispiel", limit=3)["hits"]) == 3

    def test_it_may_be_limited_to_tables(self, ask: Ask, company: Company) -> None:
        make_customer(company, phone=PHONE)
        make_call(company, caller_phone=PHONE)
        assert {hit["table"] for hit in ask("search", text=PHONE, tables=["calls"])["hits"]} == {"calls"}

    @pytest.mark.parametrize("table", ["companies", "services", "api_tokens", ""])
    def test_what_is_not_searchable_is_refused(self, ask: Ask, table: str) -> None:
        with pytest.raises(InvalidParams) as refusal:
            ask("search", text="Salon", tables=[table])
        assert refusal.value.data["known"] == ["appointments", "calls", "customers"]

    @pytest.mark.parametrize("text", ["", "x", "x" * 101, None, 42])
    def test_texts_too_short_or_too_long_are_refused(self, ask: Ask, text: Any) -> None:
        with pytest.raises(InvalidParams):
            ask("search", text=text)

    def test_another_company_with_the_same_customer_is_not_found(self, ask: Ask, other_company: Company) -> None:
        customer = make_customer(other_company, phone=PHONE)
        call = make_call(other_company, caller_phone=PHONE, customer=customer)
        make_appointment(other_company, customer=customer, call=call, calcom_booking_uid="bk_8f3a")
        for text in (PHONE, "Erika Beispiel", call.call_id, "bk_8f3a"):
            assert ask("search", text=text)["hits"] == []


class TestFigures:
    def test_call_stats_count_what_was_booked_in_ended_calls(self, ask: Ask, company: Company) -> None:
        make_appointment(company, call=ended_call(company, cost_cents=Decimal("12.5")))
        make_appointment(company, call=ended_call(company), status="failed")
        ended_call(company, disconnection_reason="user_hangup")
        ended_call(company, status="not_connected", ended_at=None)
        stats = ask("getCallStats")
        assert stats["calls"] == 4
        assert stats["by_status"] == {"ended": 3, "not_connected": 1}
        assert stats["by_disconnection_reason"] == {"user_hangup": 1}
        assert (stats["with_appointment"], stats["booking_rate"]) == (1, 0.3333)
        assert (stats["average_seconds"], stats["cost_cents"]) == (90.0, 12.5)

    def test_without_calls_there_are_no_rates(self, ask: Ask) -> None:
        stats = ask("getCallStats")
        assert (stats["calls"], stats["booking_rate"], stats["average_seconds"]) == (0, None, None)

    def test_a_call_that_never_began_counts_on_the_day_it_was_heard_of(self, ask: Ask, company: Company) -> None:
        make_call(company, status="not_connected")
        assert ask("getCallStats", first_day="2027-01-13", last_day="2027-01-13")["calls"] == 1

    def test_failed_appointments_tell_what_became_of_the_follow_up(self, ask: Ask, company: Company) -> None:
        failed = make_appointment(company, status="failed", last_error="slot taken", attempts=3)
        make_appointment(company)
        FollowUp.objects.create(company=company, appointment=failed, kind="booking_failed", what_to_do="Call back")
        (told,) = ask("getFailedAppointments")["appointments"]
        assert (told["id"], told["last_error"], told["attempts"]) == (failed.pk, "slot taken", 3)
        assert (told["follow_up"], told["starts_at"]) == ("open", "2027-01-13T11:00:00Z")

    def test_tenant_stats_show_the_company_at_a_glance(self, ask: Ask, company: Company) -> None:
        full_house(company)
        make_appointment(company, starts_at=NOON + DAY)
        ended_call(company, started_at=datetime(2026, 12, 31, 22, 59, tzinfo=UTC), cost_cents=Decimal(7))
        assert ask("getTenantStats") == {
            "time_zone": "Europe/Berlin",
            "customers": 1,
            "active_services": 1,
            "appointments": {"scheduled": 3},
            "upcoming_appointments": 2,
            "open_follow_ups": 1,
            "calls_this_month": 2,
            "cost_cents_this_month": 12.5,
        }

    def test_test_calls_and_other_companies_count_nowhere(
        self, ask: Ask, company: Company, other_company: Company
    ) -> None:
        make_service(company)
        customer_free = ("getCallStats", "getFailedAppointments")
        before = [ask(method) for method in customer_free]
        for whose, is_test in ((company, True), (other_company, False)):
            call = ended_call(whose, is_test=is_test, cost_cents=Decimal(5))
            make_appointment(whose, call=call, status="failed")
        assert [ask(method) for method in customer_free] == before
        assert ask("getTenantStats")["calls_this_month"] == 0


class TestWhose:
    @pytest.mark.parametrize("method", ["getSchema", "getCallStats", "getFailedAppointments", "getTenantStats"])
    def test_a_company_out_of_sight_is_not_found(self, ask: Ask, other_company: Company, method: str) -> None:
        with pytest.raises(NotFound):
            ask(method, company_id=other_company.pk)

    def test_each_sees_its_own(self, company: Company, other_company: Company) -> None:
        make_customer(company)
        assert asker(company)("getTenantStats")["customers"] == 1
        assert asker(other_company)("getTenantStats")["customers"] == 0


def test_midnight_that_the_clock_skips_still_begins_a_day(db: None) -> None:
    """In Beirut the clock went from 23:59 to 01:00 on March 27, 2022."""
    company = make_company(timezone="Asia/Beirut")
    ended_call(company, started_at=datetime(2022, 3, 26, 22, 0, tzinfo=UTC))
    counts = rows(asker(company), "calls_by_day", first_day="2022-03-26", last_day="2022-03-28")
    assert [row["calls"] for row in counts] == [0, 1, 0]

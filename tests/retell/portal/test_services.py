"""Event types from Cal.com, and which of the company's services they are."""

import re
from typing import Any

import pytest
from django.utils import timezone

from appointments.models import Company, Service
from calcom.models import CalcomEventType
from mcp_gateway.models import AuditEntry
from tests.calcom.conftest import CalcomControl
from tests.factories import make_service
from tests.retell.portal.conftest import Portal


def event_type(company: Company, number: int = 7, minutes: int = 30, title: str = "Haircut") -> CalcomEventType:
    return CalcomEventType.objects.create(
        company=company,
        event_type_id=number,
        title=title,
        slug=f"e{number}",
        length_minutes=minutes,
        last_synced_at=timezone.now(),
    )


def stored(service: Service) -> Service:
    return Service.objects.get(pk=service.pk)


def test_event_types_are_fetched(portal: Portal, company: Company, control: CalcomControl) -> None:
    control.add_account("s", company.calcom_api_key, [{"title": "Cut", "slug": "cut", "length_minutes": 30}])
    Company.objects.filter(pk=company.pk).update(calcom_base_url=control.base_url)
    assert "1 event type fetched." in portal.does(company, "sync")
    assert CalcomEventType.objects.get(company=company).title == "Cut"


def test_what_keeps_calcom_from_it_is_said(portal: Portal, company: Company, control: CalcomControl) -> None:
    Company.objects.filter(pk=company.pk).update(calcom_base_url=control.base_url)
    assert "Cal.com: the key is not accepted" in portal.does(company, "sync")


def test_a_service_is_linked(portal: Portal, company: Company) -> None:
    found, service = event_type(company), make_service(company)
    portal.post(company, "services", **{f"add_{found.pk}": service.pk, f"new_aliases_{found.pk}": "Schnitt, cut , "})
    assert (stored(service).calcom_event_type_id, stored(service).aliases) == (7, ["Schnitt", "cut"])


def test_linking_without_other_words_keeps_those_there_are(portal: Portal, company: Company) -> None:
    found, service = event_type(company), make_service(company)
    portal.post(company, "services", **{f"add_{found.pk}": service.pk})
    assert stored(service).aliases == ["Herrenschnitt"]


def test_a_service_is_made_of_an_event_type(portal: Portal, company: Company) -> None:
    found = event_type(company, minutes=45, title="Massage")
    portal.post(company, "services", **{f"add_{found.pk}": "new", f"new_aliases_{found.pk}": "Rücken"})
    made = Service.objects.get(company=company)
    assert (made.name, made.duration_minutes, made.calcom_event_type_id) == ("Massage", 45, 7)
    assert made.aliases == ["Rücken"]


def test_making_the_same_service_twice_is_refused(portal: Portal, company: Company) -> None:
    found = event_type(company)
    portal.post(company, "services", **{f"add_{found.pk}": "new"})
    assert "of this name already" in portal.does(company, "services", **{f"add_{found.pk}": "new"})
    assert Service.objects.count() == 1


def test_a_service_is_unlinked(portal: Portal, company: Company) -> None:
    event_type(company)
    service = make_service(company, calcom_event_type_id=7)
    portal.post(company, "services", **{f"unlink_{service.pk}": "on", f"aliases_{service.pk}": "Herrenschnitt"})
    assert stored(service).calcom_event_type_id is None


def test_other_words_are_changed(portal: Portal, company: Company) -> None:
    event_type(company)
    service = make_service(company, calcom_event_type_id=7)
    portal.post(company, "services", **{f"aliases_{service.pk}": "Schnitt, Schnitt, Haare"})
    assert stored(service).aliases == ["Schnitt", "Haare"]


def test_saving_what_is_there_changes_nothing(portal: Portal, company: Company) -> None:
    event_type(company)
    service = make_service(company, calcom_event_type_id=7)
    assert "0 services changed." in portal.does(company, "services", **{f"aliases_{service.pk}": "Herrenschnitt"})
    assert not AuditEntry.objects.filter(action="service.linked").exists()


class TestTwoEditOne:
    @pytest.fixture
    def service(self, company: Company) -> Service:
        event_type(company)
        return make_service(company, name="Cut", calcom_event_type_id=7)

    def seen(self, portal: Portal, company: Company) -> str:
        return re.findall(r'name="seen" value="([^"]+)"', portal.html(company))[0]

    def test_the_second_save_is_refused_with_the_difference(
        self, portal: Portal, company: Company, service: Service
    ) -> None:
        aliases, seen = f"aliases_{service.pk}", self.seen(portal, company)
        portal.post(company, "services", **{aliases: "Schnitt, Haare"})
        page = portal.does(company, "services", seen=seen, **{aliases: "Herrenschnitt"})
        assert "Somebody has saved this since you opened it" in page
        assert "Cut: was “Haircut: Herrenschnitt”, is “Haircut: Schnitt, Haare” now." in page
        assert stored(service).aliases == ["Schnitt", "Haare"]

    def test_a_service_that_a_colleague_linked_keeps_its_words(
        self, portal: Portal, company: Company, service: Service
    ) -> None:
        seen = self.seen(portal, company)
        new = make_service(company, name="Wash", calcom_event_type_id=7)
        page = portal.does(company, "services", seen=seen, **{f"aliases_{service.pk}": "Schnitt"})
        assert "Wash: was “”, is “Haircut: Herrenschnitt” now." in page
        assert (stored(new).aliases, stored(service).aliases) == (["Herrenschnitt"], ["Herrenschnitt"])

    def test_one_after_the_other_is_fine(self, portal: Portal, company: Company, service: Service) -> None:
        for words in ("Schnitt", "Haare"):
            portal.post(company, "services", seen=self.seen(portal, company), **{f"aliases_{service.pk}": words})
        assert stored(service).aliases == ["Haare"]

    def test_a_service_outside_the_table_may_change(self, portal: Portal, company: Company, service: Service) -> None:
        other = make_service(company, name="Wash")
        seen = self.seen(portal, company)
        Service.objects.filter(pk=other.pk).update(duration_minutes=45)
        portal.post(company, "services", seen=seen, **{f"aliases_{service.pk}": "Schnitt"})
        assert stored(service).aliases == ["Schnitt"]


def test_each_change_is_in_the_audit_trail(portal: Portal, company: Company) -> None:
    found, service = event_type(company), make_service(company)
    portal.post(company, "services", **{f"add_{found.pk}": service.pk})
    entry = AuditEntry.objects.get(action="service.linked")
    assert (entry.object_id, entry.actor) == (str(service.pk), f"staff:{portal.user.pk}")
    assert (entry.before["event_type"], entry.after["event_type"]) == (None, 7)


def test_one_service_can_not_be_two_event_types(portal: Portal, company: Company) -> None:
    one, two, service = event_type(company), event_type(company, 8), make_service(company)
    page = portal.does(company, "services", **{f"add_{one.pk}": service.pk, f"add_{two.pk}": service.pk})
    assert "can't be two event types" in page
    assert stored(service).calcom_event_type_id is None


def test_services_of_different_lengths_can_not_be_one_event_type(portal: Portal, company: Company) -> None:
    found = event_type(company)
    make_service(company, calcom_event_type_id=7)
    longer = make_service(company, name="Long", duration_minutes=60)
    assert "has one length" in portal.does(company, "services", **{f"add_{found.pk}": longer.pk})
    assert stored(longer).calcom_event_type_id is None


def test_one_may_take_the_others_place(portal: Portal, company: Company) -> None:
    found = event_type(company, minutes=60)
    old = make_service(company, calcom_event_type_id=7)
    new = make_service(company, name="Long", duration_minutes=60)
    portal.post(company, "services", **{f"unlink_{old.pk}": "on", f"add_{found.pk}": new.pk})
    assert (stored(old).calcom_event_type_id, stored(new).calcom_event_type_id) == (None, 7)


def test_other_minutes_than_calcoms_are_warned_of(portal: Portal, company: Company) -> None:
    found, service = event_type(company, minutes=45), make_service(company)
    page = portal.does(company, "services", **{f"add_{found.pk}": service.pk})
    assert "takes 30 minutes here and 45 in Cal.com" in page
    assert stored(service).calcom_event_type_id == 7


def test_another_companys_service_can_not_be_linked(portal: Portal, company: Company, other_company: Company) -> None:
    found, foreign = event_type(company), make_service(other_company)
    portal.post(company, "services", **{f"add_{found.pk}": foreign.pk, f"aliases_{foreign.pk}": "x"})
    assert (stored(foreign).calcom_event_type_id, stored(foreign).aliases) == (None, ["Herrenschnitt"])


@pytest.mark.parametrize("junk", ["x", "-1", "999999999999999999999"])
def test_junk_is_refused(portal: Portal, company: Company, junk: str) -> None:
    found = event_type(company)
    assert portal.post(company, "services", **{f"add_{found.pk}": junk}).status_code == 200
    assert not Service.objects.exists()


def test_services_that_nobody_can_book_are_named(portal: Portal, company: Company) -> None:
    make_service(company, name="Hausbesuch")
    make_service(company, name="Altes", calcom_event_type_id=99)
    page = portal.page(company)
    assert "which nobody can book: Altes, Hausbesuch" in page


def test_nothing_fetched_says_what_comes_first(portal: Portal, company: Company) -> None:
    assert "store the Cal.com API key, then fetch" in portal.page(company)


def test_a_viewer_sees_the_table_without_fields(viewing: Portal, company: Company, settings: Any) -> None:
    found = event_type(company)
    make_service(company, calcom_event_type_id=7)
    html = viewing.html(company)
    assert "Herrenschnitt" in html
    assert f"add_{found.pk}" not in html

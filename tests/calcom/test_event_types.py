"""Our copy of a company's event types."""

from typing import Any

from appointments.models import Company, Service
from calcom.models import CalcomEventType
from mcp_gateway import gateway
from mcp_gateway.principal import Principal
from tests.calcom.conftest import CalcomControl
from tests.factories import make_service


def sync(company: Company) -> Any:
    return gateway.call("calcom.syncEventTypes", principal=Principal.of_task("tests", company.pk))


def test_every_event_type_is_copied_once(company: Company, control: CalcomControl) -> None:
    assert sync(company)["added"] == 4
    assert sync(company) == {"added": 0, "updated": 4, "removed": 0, "unknown_to_calcom": []}
    assert CalcomEventType.objects.filter(company=company).count() == 4


def test_what_calcom_no_longer_has_goes(company: Company) -> None:
    sync(company)
    gone = CalcomEventType.objects.filter(company=company).first()
    CalcomEventType.objects.filter(pk=gone.pk).update(event_type_id=1)
    assert sync(company)["removed"] == 1


def test_services_keep_what_is_set_for_them_here(company: Company, control: CalcomControl) -> None:
    service = make_service(company, duration_minutes=35, name="Trim", calcom_event_type_id=control.ids["haircut"])
    sync(company)
    service.refresh_from_db()
    assert (service.name, service.duration_minutes) == ("Trim", 35)


def test_a_service_whose_event_type_calcom_does_not_have_is_named(company: Company) -> None:
    Service.objects.all().delete()
    make_service(company, name="Gone", calcom_event_type_id=999_999)
    assert sync(company)["unknown_to_calcom"] == ["Gone"]


def test_another_companys_copy_is_left_alone(company: Company, other_company: Company) -> None:
    theirs = {"title": "Theirs", "slug": "theirs", "length_minutes": 30, "last_synced_at": company.created_at}
    CalcomEventType.objects.create(company=other_company, event_type_id=7, **theirs)
    sync(company)
    assert CalcomEventType.objects.filter(company=other_company).count() == 1

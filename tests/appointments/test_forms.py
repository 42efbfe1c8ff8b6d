"""What staff leave empty or write wrongly in the forms of companies and services."""

import pytest
from django.forms import modelform_factory

from appointments.models import Company, Service

ServiceForm = modelform_factory(Service, fields=("name", "aliases", "duration_minutes"))


def saved_aliases(company: Company, written: str) -> object:
    data = {"name": "Schnitt", "duration_minutes": "30", "aliases": written}
    ServiceForm(data, instance=Service(company=company)).save()
    return Service.objects.get().aliases


@pytest.mark.parametrize(("written", "kept"), [('["Schnitt", "cut"]', ["Schnitt", "cut"]), ("", []), ("[]", [])])
def test_aliases_in_a_form(company: Company, written: str, kept: list[str]) -> None:
    assert saved_aliases(company, written) == kept


@pytest.mark.parametrize("written", ['"Schnitt"', '{"a": 1}', "[1]", "3", "Schnitt"])
def test_aliases_that_are_no_list_of_words_are_refused(company: Company, written: str) -> None:
    with pytest.raises(ValueError, match="didn't validate"):
        saved_aliases(company, written)


def test_emptied_opening_hours_are_no_hours(company: Company) -> None:
    modelform_factory(Company, fields=("opening_hours",))({"opening_hours": ""}, instance=company).save()
    assert Company.objects.get().opening_hours == {}

"""A company's keys: entered and replaced, never shown, in the audit trail as masks."""

from typing import Any

import pytest
from django.utils import timezone

from appointments.models import Company
from mcp_gateway.models import AuditEntry
from retell.models import IntegrationCheck
from tests.retell.portal.conftest import Portal

SECRET = "cal_live_very_secret_9876"


def stored(company: Company) -> Company:
    return Company.objects.get(pk=company.pk)


def test_a_key_is_stored(portal: Portal, company: Company) -> None:
    assert "Stored." in portal.does(company, "keys", calcom_api_key=SECRET)
    assert stored(company).calcom_api_key == SECRET


def test_a_stored_key_is_never_shown_but_for_its_end(portal: Portal, company: Company) -> None:
    portal.post(company, "keys", calcom_api_key=SECRET)
    html = portal.html(company)
    assert SECRET not in html
    assert "••••9876" in html


def test_an_empty_field_keeps_what_is_stored(portal: Portal, company: Company) -> None:
    before = stored(company).calcom_api_key
    portal.post(company, "keys", retell_api_key="key_new_0123456789")
    assert stored(company).calcom_api_key == before


def test_the_audit_trail_has_masks_only(portal: Portal, company: Company) -> None:
    portal.post(company, "keys", calcom_api_key=SECRET)
    entry = AuditEntry.objects.get(action="company.keys_changed")
    assert entry.actor == f"staff:{portal.user.pk}"
    assert entry.after == {"calcom_api_key": "••••9876"}
    assert list(entry.before) == ["calcom_api_key"]
    assert SECRET not in str([entry.before, entry.after])


def test_the_same_key_again_changes_nothing(portal: Portal, company: Company) -> None:
    portal.post(company, "keys", calcom_api_key=SECRET)
    assert "Nothing was changed" in portal.does(company, "keys", calcom_api_key=SECRET)
    assert AuditEntry.objects.filter(action="company.keys_changed").count() == 1


@pytest.mark.parametrize("wrong", ["key_retell_0123456789", "CAL_live", "Bearer cal_x"])
def test_what_is_no_calcom_key_is_refused(portal: Portal, company: Company, wrong: str) -> None:
    before = stored(company).calcom_api_key
    portal.does(company, "keys", calcom_api_key=wrong)
    assert stored(company).calcom_api_key == before


@pytest.mark.parametrize("field", ["retell_api_key", "retell_webhook_key", "calcom_api_key", "calcom_webhook_secret"])
@pytest.mark.parametrize("wrong", ["cal_schlüssel", "cal_two words", "cal_two\nlines"])
def test_what_can_not_travel_in_a_header_is_refused(portal: Portal, company: Company, field: str, wrong: str) -> None:
    before = getattr(stored(company), field)
    assert "copy it once more" in portal.does(company, "keys", **{field: wrong})
    assert getattr(stored(company), field) == before


def test_a_refused_key_does_not_come_back_in_the_page(portal: Portal, company: Company) -> None:
    assert "wrong_kind_of_key" not in portal.post(company, "keys", calcom_api_key="wrong_kind_of_key").text


def test_blanks_around_a_key_are_no_part_of_it(portal: Portal, company: Company) -> None:
    portal.post(company, "keys", calcom_api_key=f"  {SECRET}\n")
    assert stored(company).calcom_api_key == SECRET


def test_two_equal_retell_keys_are_warned_of(portal: Portal, company: Company) -> None:
    page = portal.does(company, "keys", retell_api_key="key_1234567890", retell_webhook_key="key_1234567890")
    assert "right only where that key has the webhook badge" in page
    assert stored(company).retell_webhook_key == "key_1234567890"


def test_a_new_key_makes_the_last_test_of_the_old_one_void(portal: Portal, company: Company) -> None:
    for what in ("calcom", "retell"):
        IntegrationCheck.objects.create(company=company, what=what, duration_ms=1, at=timezone.now())
    portal.post(company, "keys", calcom_api_key=SECRET)
    assert [check.what for check in company.integration_checks.all()] == ["retell"]


def test_other_columns_can_not_be_smuggled_in(portal: Portal, company: Company) -> None:
    portal.post(company, "keys", calcom_api_key=SECRET, name="Stolen", is_active="")
    assert (stored(company).name, stored(company).is_active) == (company.name, True)


def test_keys_that_no_encryption_key_opens_are_told_of(portal: Portal, company: Company, settings: Any) -> None:
    settings.FIELD_ENCRYPTION_KEYS = ["bm90LXRoZS1rZXktdGhhdC1pdC13YXMtc3RvcmVkISE="]
    assert "encryption key is missing" in portal.page(company)
    assert "encryption key is missing" in portal.does(company, "keys", calcom_api_key=SECRET)

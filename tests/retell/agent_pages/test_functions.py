"""What the agent is told of each function, edited by hand."""

import json
from html import unescape
from typing import Any

import pytest
from django.test import Client

from appointments.models import Company
from mcp_gateway.models import AuditEntry
from retell.custom_functions import functions_of, overrides_of
from retell.models import RetellConfiguration
from tests.factories import make_configuration
from tests.retell.agent_pages.conftest import as_user, at, person, seen_in

NAME = "cancel_appointment"


@pytest.fixture
def here(company: Company) -> RetellConfiguration:
    return make_configuration(company)


@pytest.fixture
def url(here: RetellConfiguration) -> str:
    return at("retell_function", here.pk, NAME)


def said(configuration: RetellConfiguration, **fields: Any) -> dict[str, Any]:
    """The form as the browser sends it."""
    (function,) = (one for one in functions_of(configuration) if one.name == NAME)
    as_it_is = {"enabled": "on", "description": function.description, "parameters": json.dumps(function.parameters)}
    return {name: value for name, value in {**as_it_is, **fields}.items() if value is not None}


def test_each_function_has_a_row_with_what_the_agent_will_see(admin: Client, here: RetellConfiguration) -> None:
    page = admin.get(at("retell_functions", here.pk))
    assert len(page.context["rows"]) == 6
    assert f"/api/mcp/retell/custom-function/{here.pk}" in page.text


def test_a_description_is_kept_for_the_next_deployment(admin: Client, here: RetellConfiguration, url: str) -> None:
    assert admin.post(url, said(here, description="Cancels.\r\nKindly.")).status_code == 302
    here.refresh_from_db()
    assert overrides_of(here)[NAME].description == "Cancels.\nKindly."
    assert overrides_of(here)[NAME].parameters is None


def test_a_function_is_switched_off(admin: Client, here: RetellConfiguration, url: str) -> None:
    admin.post(url, said(here, enabled=None))
    here.refresh_from_db()
    assert not overrides_of(here)[NAME].enabled


def test_saving_what_is_there_already_changes_nothing(admin: Client, here: RetellConfiguration, url: str) -> None:
    assert admin.post(url, said(here)).status_code == 302
    here.refresh_from_db()
    assert here.custom_functions == []
    assert not AuditEntry.objects.exists()


class TestTwoEditOne:
    def test_the_second_save_is_refused_with_the_difference(
        self, admin: Client, here: RetellConfiguration, url: str
    ) -> None:
        second = said(here, enabled=None, seen=seen_in(admin.get(url).text))
        admin.post(url, said(here, description="A colleague's."))
        answer = admin.post(url, second)
        assert "Somebody has saved this since you opened it" in answer.text
        assert "is “A colleague's.” now." in unescape(answer.text)
        here.refresh_from_db()
        (kept,) = overrides_of(here).values()
        assert (kept.description, kept.enabled) == ("A colleague's.", True)

    def test_of_parameters_the_part_that_differs_is_told(
        self, admin: Client, here: RetellConfiguration, url: str
    ) -> None:
        second = said(here, seen=seen_in(admin.get(url).text))
        parameters = json.loads(second["parameters"])
        parameters["additionalProperties"] = "x" not in parameters
        admin.post(url, said(here, parameters=json.dumps(parameters)))
        told = admin.post(url, second).context["form"].non_field_errors()[1]
        assert told.startswith("Parameters: was “…")
        assert '"additionalProperties"' in told

    def test_saving_again_after_that_is_meant(self, admin: Client, here: RetellConfiguration, url: str) -> None:
        second = said(here, enabled=None, seen=seen_in(admin.get(url).text))
        admin.post(url, said(here, description="A colleague's."))
        refused = admin.post(url, second).text
        assert admin.post(url, {**second, "seen": seen_in(refused)}).status_code == 302

    def test_a_fresh_form_is_saved(self, admin: Client, here: RetellConfiguration, url: str) -> None:
        mine = said(here, enabled=None, seen=seen_in(admin.get(url).text))
        assert admin.post(url, mine).status_code == 302
        here.refresh_from_db()
        assert not overrides_of(here)[NAME].enabled

    def test_another_function_may_change(self, admin: Client, here: RetellConfiguration, url: str) -> None:
        mine = said(here, enabled=None, seen=seen_in(admin.get(url).text))
        other = {**said(here, description="A colleague's."), "parameters": '{"type": "object", "properties": {}}'}
        assert admin.post(at("retell_function", here.pk, "find_appointments"), other).status_code == 302
        assert admin.post(url, mine).status_code == 302
        here.refresh_from_db()
        assert set(overrides_of(here)) == {NAME, "find_appointments"}


@pytest.mark.parametrize(
    ("wrong", "told"),
    [
        ("{", "line 1, column 2"),
        ("[]", "Write a JSON object"),
        ("NaN", "This is no JSON"),
        ("[" * 2000, "This is no JSON"),
        ('{"type": "string"}', "needs &quot;type&quot;: &quot;object&quot;"),
        ('{"type": "object", "properties": {"shoe": {"type": "string"}}}', "no argument shoe"),
    ],
)
def test_parameters_that_nobody_could_use_are_refused_with_words(
    admin: Client, here: RetellConfiguration, url: str, wrong: str, told: str
) -> None:
    page = admin.post(url, said(here, parameters=wrong))
    assert list(page.context["form"].errors) == ["parameters"]
    assert told in page.text
    here.refresh_from_db()
    assert here.custom_functions == []


def test_the_preview_shows_what_was_written_and_keeps_nothing(
    admin: Client, here: RetellConfiguration, url: str
) -> None:
    page = admin.post(url, said(here, description="Only Mondays.", preview="1"))
    assert json.loads(page.context["tool"])["description"] == "Only Mondays."
    here.refresh_from_db()
    assert here.custom_functions == []


def test_a_function_is_reset_after_a_question(admin: Client, here: RetellConfiguration, url: str) -> None:
    admin.post(url, said(here, description="Mine.", enabled=None))
    asked = at("retell_function_reset", here.pk, NAME)
    assert "Mine." in admin.get(asked).text
    for _ in range(2):
        assert admin.post(asked).status_code == 302
    here.refresh_from_db()
    assert here.custom_functions == []
    assert AuditEntry.objects.count() == 2


def test_there_is_no_page_for_a_function_that_does_not_exist(admin: Client, here: RetellConfiguration) -> None:
    assert admin.get(at("retell_function", here.pk, "fly")).status_code == 404
    assert admin.post(at("retell_function_reset", here.pk, "fly")).status_code == 404


def test_another_companys_function_is_not_there(admin: Client, other_company: Company) -> None:
    theirs = make_configuration(other_company)
    assert admin.post(at("retell_function", theirs.pk, NAME), said(theirs, description="x")).status_code == 404
    assert admin.post(at("retell_function_reset", theirs.pk, NAME)).status_code == 404


@pytest.mark.parametrize("role", ["viewer", "operator"])
def test_who_may_only_look_sees_no_way_to_edit(
    company: Company, here: RetellConfiguration, url: str, role: str
) -> None:
    client = as_user(person(company, role))
    assert url not in client.get(at("retell_functions", here.pk)).text
    assert client.get(url).status_code == 403
    assert client.post(url, said(here)).status_code == 403
    assert client.post(at("retell_function_reset", here.pk, NAME)).status_code == 403


def test_what_somebody_wrote_is_text(admin: Client, here: RetellConfiguration, url: str) -> None:
    admin.post(url, said(here, description="</pre><script>alert(1)</script>"))
    for page in (admin.get(url).text, admin.get(at("retell_functions", here.pk)).text):
        assert "<script>alert" not in page


def test_it_is_there_in_german(company: Company, here: RetellConfiguration, url: str) -> None:
    page = as_user(person(company, "admin"), "de").post(url, said(here, parameters="{")).text
    assert "Das ist kein JSON: siehe Zeile 1, Spalte 2." in page


@pytest.mark.parametrize("name", ["retell_functions", "retell_prompt"])
def test_it_asks_the_database_little(
    admin: Client, here: RetellConfiguration, name: str, django_assert_max_num_queries: Any, in_memory: None
) -> None:
    admin.get(at(name, here.pk))
    with django_assert_max_num_queries(12):
        admin.get(at(name, here.pk))

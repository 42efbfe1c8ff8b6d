"""The admin of Retell's configurations: staff see and change their own companies' only."""

import pytest
from django.contrib.auth.models import Permission, User
from django.test import Client
from django.urls import reverse

from appointments.models import Company
from retell.models import RetellConfiguration
from tests.factories import make_configuration

LIST = "admin:retell_retellconfiguration_changelist"
CHANGE = "admin:retell_retellconfiguration_change"
ADD = "admin:retell_retellconfiguration_add"
DELETE = "admin:retell_retellconfiguration_delete"


@pytest.fixture
def staff(client: Client, company: Company) -> Client:
    """A member of the company's staff, who may do everything with configurations."""
    user = User.objects.create_user("anna", is_staff=True)
    user.user_permissions.set(Permission.objects.filter(content_type__app_label="retell"))
    company.staff.add(user)
    client.force_login(user)
    return client


@pytest.fixture
def configuration(company: Company) -> RetellConfiguration:
    return make_configuration(company)


@pytest.fixture
def foreign(other_company: Company) -> RetellConfiguration:
    return make_configuration(other_company)


def form(company: Company, agent_id: str) -> dict[str, object]:
    return {
        "company": company.pk,
        "agent_id": agent_id,
        "webhook_events": "[]",
        "custom_functions": "[]",
        "settings": "{}",
    }


def test_the_list_shows_the_own_companys_only(
    staff: Client, configuration: RetellConfiguration, foreign: RetellConfiguration
) -> None:
    page = staff.get(reverse(LIST)).content.decode()
    assert configuration.agent_id in page
    assert foreign.agent_id not in page


def test_searching_finds_the_own_companys_only(
    staff: Client, configuration: RetellConfiguration, foreign: RetellConfiguration
) -> None:
    page = staff.get(reverse(LIST), {"q": "agent_"}).content.decode()
    assert configuration.agent_id in page
    assert foreign.agent_id not in page


def test_a_superuser_sees_all(
    admin_client: Client, configuration: RetellConfiguration, foreign: RetellConfiguration
) -> None:
    page = admin_client.get(reverse(LIST)).content.decode()
    assert configuration.agent_id in page
    assert foreign.agent_id in page


def test_the_own_configuration_can_be_changed(staff: Client, configuration: RetellConfiguration) -> None:
    response = staff.post(reverse(CHANGE, args=[configuration.pk]), form(configuration.company, "agent_new"))
    assert response.status_code == 302
    configuration.refresh_from_db()
    assert configuration.agent_id == "agent_new"


@pytest.mark.parametrize("page", [CHANGE, DELETE])
def test_another_companys_configuration_cannot_be_reached(
    staff: Client, foreign: RetellConfiguration, page: str
) -> None:
    url = reverse(page, args=[foreign.pk])
    assert staff.get(url).status_code == 404
    assert staff.post(url, {**form(foreign.company, "agent_stolen"), "post": "yes"}).status_code == 404
    foreign.refresh_from_db()
    assert foreign.agent_id != "agent_stolen"


def test_a_configuration_cannot_be_given_to_another_company(
    staff: Client, configuration: RetellConfiguration, other_company: Company
) -> None:
    response = staff.post(reverse(CHANGE, args=[configuration.pk]), form(other_company, configuration.agent_id))
    assert response.status_code == 200
    configuration.refresh_from_db()
    assert configuration.company != other_company


def test_an_agent_is_added_once(staff: Client, configuration: RetellConfiguration) -> None:
    response = staff.post(reverse(ADD), form(configuration.company, configuration.agent_id))
    assert response.status_code == 200
    assert RetellConfiguration.objects.count() == 1


def test_a_new_agent_can_be_added(staff: Client, company: Company) -> None:
    assert staff.post(reverse(ADD), form(company, "agent_new")).status_code == 302
    assert RetellConfiguration.objects.get().agent_id == "agent_new"


def test_what_deployment_and_tests_found_is_not_for_people_to_write(
    staff: Client, configuration: RetellConfiguration
) -> None:
    said = {**form(configuration.company, "agent_x"), "deployed_version": 9, "last_test_outcome": "all well"}
    staff.post(reverse(CHANGE, args=[configuration.pk]), said)
    configuration.refresh_from_db()
    assert (configuration.deployed_version, configuration.last_test_outcome) == (None, "")


@pytest.mark.parametrize(
    "wrong",
    [
        {"webhook_url": "nowhere"},
        {"webhook_url": "https://anna:secret@phone.example.com/"},
        {"webhook_events": '["everything"]'},
        {"webhook_events": '{"x": 1}'},
        {"custom_functions": '[{"name": "gone"}]'},
        {"custom_functions": '{"x": 1}'},
        {"custom_functions": '[{"name": "cancel_appointment", "parameters": {"type": "string"}}]'},
        {"settings": '{"voice_speed": 9}'},
        {"settings": '["x"]'},
    ],
)
def test_what_retell_would_not_take_is_refused(
    staff: Client, configuration: RetellConfiguration, wrong: dict[str, str]
) -> None:
    said = {**form(configuration.company, configuration.agent_id), **wrong}
    assert staff.post(reverse(CHANGE, args=[configuration.pk]), said).status_code == 200
    configuration.refresh_from_db()
    assert (configuration.webhook_events, configuration.custom_functions, configuration.settings) == ([], [], {})


def test_a_prompt_that_is_written_here_is_a_version(staff: Client, configuration: RetellConfiguration) -> None:
    for text in ("First.", "First.", "Second."):
        said = {**form(configuration.company, configuration.agent_id), "prompt_template": text}
        assert staff.post(reverse(CHANGE, args=[configuration.pk]), said).status_code == 302
    versions = configuration.prompt_versions.values_list("number", "text")
    assert list(versions) == [(2, "Second."), (1, "First.")]
    assert configuration.prompt_versions.latest("number").author.startswith("staff:")


@pytest.mark.parametrize("stored", ["First.\nSecond.", "First.\r\nSecond."])
def test_a_browsers_line_ends_make_no_new_version(
    staff: Client, configuration: RetellConfiguration, stored: str
) -> None:
    RetellConfiguration.objects.filter(pk=configuration.pk).update(prompt_template=stored)
    for text in ("First.\r\nSecond.", "First.\r\nSecond.", "First.\r\nThird."):
        said = {**form(configuration.company, configuration.agent_id), "prompt_template": text}
        assert staff.post(reverse(CHANGE, args=[configuration.pk]), said).status_code == 302
    versions = configuration.prompt_versions.values_list("number", "text")
    assert list(versions) == [(2, "First.\nThird."), (1, stored)]


@pytest.mark.parametrize("number_of_rows", [1, 20])
def test_the_list_asks_the_database_the_same_however_long_it_is(
    staff: Client, company: Company, number_of_rows: int, django_assert_max_num_queries: object
) -> None:
    for _ in range(number_of_rows):
        make_configuration(company)
    staff.get(reverse(LIST))  # the first click of a session notes its time
    with django_assert_max_num_queries(10):
        staff.get(reverse(LIST))


def test_staff_without_permission_see_nothing(client: Client, company: Company) -> None:
    user = User.objects.create_user("ben", is_staff=True)
    company.staff.add(user)
    client.force_login(user)
    assert client.get(reverse(LIST)).status_code == 403


def test_strangers_are_sent_to_the_log_in(client: Client, db: None) -> None:
    assert client.get(reverse(LIST)).status_code == 302

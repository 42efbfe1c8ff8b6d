"""Secrets in the admin: set, kept, never shown."""

from typing import Any

import pytest
from cryptography.fernet import Fernet
from django.contrib.auth.models import Permission, User
from django.test import Client
from django.urls import reverse

from appointments.models import Company
from mcp_gateway.models import AuditEntry
from tests.factories import make_company, make_service

SECRETS = {
    "retell_api_key": "key_retell_0123456789",
    "retell_webhook_key": "key_webhook_0123456789",
    "calcom_api_key": "cal_live_0123456789",
    "calcom_webhook_secret": "whsec_0123456789",
}
LIST = reverse("admin:appointments_company_changelist")


@pytest.fixture
def company(db: None) -> Company:
    return make_company(**SECRETS)


@pytest.fixture
def page(company: Company) -> str:
    return reverse("admin:appointments_company_change", args=(company.pk,))


@pytest.fixture
def browser(client: Client, superuser: User) -> Client:
    client.force_login(superuser)
    return client


def filled_in(browser: Client, page: str, **changes: Any) -> dict[str, Any]:
    """What a browser would send: the form as it was shown, with changes."""
    response = browser.get(page)
    forms = [response.context["adminform"].form, *response.context["inline_admin_formsets"]]
    fields = {bound.html_name: bound.value() for bound in forms[0]}
    for formset in forms[1:]:
        fields |= {bound.html_name: bound.value() for bound in formset.formset.management_form}
    shown = {name: value for name, value in fields.items() if value is not None}
    return {**shown, **dict.fromkeys(SECRETS, ""), "opening_hours": "{}", **changes}


def stored(company: Company) -> dict[str, str]:
    loaded = Company.objects.get(pk=company.pk)
    return {name: getattr(loaded, name) for name in SECRETS}


def test_no_page_shows_a_secret(browser: Client, page: str, company: Company) -> None:
    make_service(company)
    for address in (page, LIST, reverse("admin:appointments_company_history", args=(company.pk,))):
        html = browser.get(address).content.decode()
        assert not [secret for secret in SECRETS.values() if secret in html]


def test_a_stored_secret_is_recognised_by_its_end(browser: Client, page: str) -> None:
    html = browser.get(page).content.decode()
    assert html.count("••••6789") == len(SECRETS)
    assert html.count('type="password"') == len(SECRETS)


def test_an_empty_field_keeps_the_secret(browser: Client, page: str, company: Company) -> None:
    assert browser.post(page, filled_in(browser, page, name="Umbenannt")).status_code == 302
    assert Company.objects.get(pk=company.pk).name == "Umbenannt"
    assert stored(company) == SECRETS


def test_a_filled_in_field_replaces_the_secret(browser: Client, page: str, company: Company) -> None:
    assert browser.post(page, filled_in(browser, page, calcom_api_key="cal_live_new")).status_code == 302
    assert stored(company) == {**SECRETS, "calcom_api_key": "cal_live_new"}


def test_the_history_tells_only_of_secrets_that_were_changed(browser: Client, page: str) -> None:
    browser.post(page, filled_in(browser, page, name="Umbenannt", calcom_api_key="cal_live_new"))
    entry = AuditEntry.objects.get()
    assert "cal_live_new" not in str((entry.before, entry.after))
    assert {name: value for name, value in entry.after.items() if name in SECRETS} == {"calcom_api_key": "••••"}


def test_a_form_with_a_mistake_does_not_send_the_secret_back(browser: Client, page: str) -> None:
    response = browser.post(page, filled_in(browser, page, name="", calcom_api_key="cal_live_new"))
    assert response.status_code == 200
    assert "cal_live_new" not in response.content.decode()


def test_a_new_company_gets_its_secrets(browser: Client) -> None:
    page = reverse("admin:appointments_company_add")
    fields = filled_in(browser, page, name="Neu", slug="neu", calcom_api_key="cal_live_new")
    assert browser.post(page, fields).status_code == 302
    made = Company.objects.get(slug="neu")
    assert (made.calcom_api_key, made.retell_api_key) == ("cal_live_new", "")


def test_staff_change_the_secrets_of_their_company(client: Client, member: User, page: str, company: Company) -> None:
    client.force_login(member)
    assert client.post(page, filled_in(client, page, retell_api_key="key_new")).status_code == 302
    assert stored(company) == {**SECRETS, "retell_api_key": "key_new"}


def test_whoever_may_only_look_sees_no_secret(client: Client, page: str, company: Company) -> None:
    user = User.objects.create_user("viewer", is_staff=True)
    user.user_permissions.add(Permission.objects.get(codename="view_company"))
    company.staff.add(user)
    client.force_login(user)
    response = client.get(page)
    assert response.status_code == 200
    assert company.name in response.content.decode()
    assert not [secret for secret in SECRETS.values() if secret in response.content.decode()]


class TestWrongKey:
    """FIELD_ENCRYPTION_KEYS opens none of the stored secrets."""

    @pytest.fixture(autouse=True)
    def _lost_key(self, company: Company, settings: Any) -> None:
        settings.FIELD_ENCRYPTION_KEYS = [Fernet.generate_key().decode()]

    def test_the_list_opens_all_the_same(self, browser: Client, company: Company) -> None:
        response = browser.get(LIST)
        assert response.status_code == 200
        assert company.name in response.content.decode()

    def test_the_lists_below_a_company_open_too(self, browser: Client, company: Company) -> None:
        make_service(company)
        response = browser.get(reverse("admin:appointments_service_changelist"))
        assert company.name in response.content.decode()
        assert browser.get(reverse("admin:appointments_service_add")).status_code == 200

    @pytest.mark.parametrize("method", ["get", "post"])
    def test_the_form_says_what_is_wrong(self, browser: Client, page: str, method: str) -> None:
        response = getattr(browser, method)(page, {"name": "x"}, follow=True)
        assert response.redirect_chain == [(LIST, 302)]
        assert "FIELD_ENCRYPTION_KEYS" in response.content.decode()

    def test_nothing_is_lost(self, browser: Client, page: str, company: Company, settings: Any) -> None:
        before = list(Company.objects.values_list(*SECRETS))
        browser.post(page, {"name": "x"})
        assert list(Company.objects.values_list(*SECRETS)) == before

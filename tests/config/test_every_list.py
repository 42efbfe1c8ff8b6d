"""Every list of the staff's place, also those that are still to come: few questions, plain titles, no wrong address."""

from typing import Any
from urllib.parse import urlencode

import pytest
from django.contrib import admin
from django.contrib.auth.models import Group, Permission, User
from django.db.models import Model
from django.test import Client
from django.urls import reverse

from appointments.models import Company
from tests.factories import make_company
from tests.mcp_gateway.rows import rows_of, shared_rows

pytestmark = pytest.mark.django_db
MODELS = list(admin.site._registry)
MOST_QUERIES = 10
# A word that finds rows in most lists, and one that finds none.
QUESTIONS: list[dict[str, str]] = [{}, {"q": "Kundin"}, {"q": "nobody"}, {"p": "-1"}]
WRONG = [
    {"status__exact": "x"},
    {"state__exact": "x"},
    {"from": "x"},
    {"to": "2026-02-30"},
    {"error": "x"},
    {"view": "x"},
    {"company__id__exact": "x"},
    {"created_at__gte": "x"},
    {"is_active__exact": "7"},
    {"nothing": "1"},
    {"nothing__at__all": "1"},
]


def url(model: type[Model]) -> str:
    return reverse(f"admin:{model._meta.app_label}_{model._meta.model_name}_changelist")


def named(model: type[Model]) -> str:
    return model.__name__


@pytest.fixture
def rows(company: Company) -> Company:
    rows_of(company)
    shared_rows()
    return company


@pytest.fixture
def superuser(rows: Company) -> Client:
    client = Client(headers={"Accept-Language": "en"})
    client.force_login(User.objects.create_superuser("root"))
    return client


@pytest.fixture
def member(rows: Company) -> Client:
    """Of two companies: a choice between them has to be offered."""
    user = User.objects.create_user("member", is_staff=True)
    user.groups.add(Group.objects.get(name="admin"))
    for company in (rows, make_company(name="Zweiter Salon")):
        company.staff.add(user)
    client = Client()
    client.force_login(user)
    return client


@pytest.mark.parametrize("question", QUESTIONS, ids=str)
@pytest.mark.parametrize("model", MODELS, ids=named)
def test_it_asks_the_database_ten_questions_at_most(
    member: Client, superuser: Client, model: type[Model], question: Any, django_assert_max_num_queries: Any
) -> None:
    for client in (member, superuser):
        if client.get(url(model)).status_code == 403:
            continue
        with django_assert_max_num_queries(MOST_QUERIES):
            assert client.get(url(model), question).status_code == 200


@pytest.mark.parametrize("model", MODELS, ids=named)
def test_what_makes_no_sense_in_its_address_is_left_out_and_told(superuser: Client, model: type[Model]) -> None:
    count = superuser.get(url(model)).context["cl"].result_count
    for parameters in WRONG:
        shown = superuser.get(url(model), parameters)
        assert (shown.status_code, shown.context["cl"].result_count) == (200, count), parameters
        assert f"Left out, because it makes no sense here: {urlencode(parameters)}." in shown.text
        assert f'href="?{urlencode(parameters)}' not in shown.text, "no link leads there again"


@pytest.mark.parametrize("model", MODELS, ids=named)
def test_its_title_is_what_it_lists(superuser: Client, model: type[Model]) -> None:
    shown = superuser.get(url(model))
    name = str(shown.context["cl"].opts.verbose_name_plural)
    assert f"<h1>{name[0].upper()}{name[1:]}</h1>" in shown.text


@pytest.mark.parametrize("model", [model for model in MODELS if model._meta.app_label != "auth"], ids=named)
def test_an_empty_one_says_why_and_where_it_begins(client: Client, model: type[Model]) -> None:
    client.force_login(User.objects.create_superuser("root"))
    told = client.get(url(model), headers={"Accept-Language": "en"}).text.split('<div class="empty">')[1]
    told = told.split("</div>")[0]
    assert "There is nothing here yet." not in told
    assert '<a class="button" href="/admin/' in told


def test_where_it_begins_is_not_offered_to_whom_it_is_closed(client: Client) -> None:
    viewer = User.objects.create_user("viewer", is_staff=True)
    viewer.user_permissions.add(Permission.objects.get(codename="view_webhookevent"))
    client.force_login(viewer)
    page = client.get(reverse("admin:mcp_gateway_webhookevent_changelist")).text
    assert '<div class="empty">' in page
    assert reverse("admin:portal") not in page

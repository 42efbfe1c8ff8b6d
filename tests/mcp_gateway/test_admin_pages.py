"""Every page of the admin opens, and shows staff their companies only."""

from collections.abc import Callable
from typing import Any

import pytest
from django.contrib import admin
from django.contrib.admin.options import ModelAdmin
from django.contrib.auth.models import Permission, User
from django.db.models import Model
from django.test import Client
from django.urls import reverse

from appointments.models import Appointment, Call, Company, Customer, FollowUp, Service
from calcom.models import CalcomEventType
from mcp_gateway.models import ApiToken, AuditEntry, LongAction, OutboxMessage, WebhookEvent
from mcp_gateway.tokens import create_token
from retell.models import RetellConfiguration
from tests.factories import make_company
from tests.mcp_gateway.rows import rows_of, shared_rows

MODELS = list(admin.site._registry)
SCOPED = [model for model in MODELS if model._meta.app_label != "auth"]
READ_ONLY = [Call, Appointment, WebhookEvent, OutboxMessage, LongAction, AuditEntry]


def by_name(model: Any) -> str:
    return model.__name__ if isinstance(model, type) else repr(model)


def url(row: Model | type[Model], page: str = "changelist") -> str:
    arguments = (row.pk,) if isinstance(row, Model) else ()
    return reverse(f"admin:{row._meta.app_label}_{row._meta.model_name}_{page}", args=arguments)


@pytest.fixture
def superuser_client(superuser: User, client: Client) -> Client:
    client.force_login(superuser)
    return client


@pytest.fixture
def staff_client(member: User, client: Client) -> Client:
    client.force_login(member)
    return client


@pytest.fixture
def own(company: Company) -> dict[type[Model], Any]:
    return rows_of(company)


@pytest.fixture
def foreign(db: None) -> dict[type[Model], Any]:
    return rows_of(make_company(name="Fremd & Co", slug="fremd"))


@pytest.mark.parametrize("model", MODELS, ids=by_name)
def test_every_page_opens_for_a_superuser(superuser_client: Client, own: Any, model: type[Model]) -> None:
    row = {**own, **shared_rows()}[model]
    listed = superuser_client.get(url(model))
    assert listed.status_code == 200
    assert listed.context["cl"].result_count >= 1
    assert superuser_client.get(url(row, "change")).status_code == 200
    assert superuser_client.get(url(row, "history")).status_code == 200
    may_add = admin.site._registry[model].has_add_permission(listed.wsgi_request)
    assert superuser_client.get(url(model, "add")).status_code == (200 if may_add else 403)


@pytest.mark.parametrize("model", MODELS, ids=by_name)
def test_every_list_can_be_searched_and_filtered(superuser_client: Client, own: Any, model: type[Model]) -> None:
    assert superuser_client.get(url(model), {"q": "030 123"}).status_code == 200
    listed = superuser_client.get(url(model))
    for spec in listed.context["cl"].filter_specs:
        for choice in list(spec.choices(listed.context["cl"]))[-1:]:
            assert superuser_client.get(url(model) + choice["query_string"]).status_code == 200


@pytest.mark.parametrize("model", SCOPED, ids=by_name)
def test_a_list_asks_the_database_no_more_for_more_rows(
    superuser_client: Client, own: Any, foreign: Any, model: type[Model], django_assert_max_num_queries: Callable
) -> None:
    with django_assert_max_num_queries(12):
        assert superuser_client.get(url(model)).context["cl"].result_count == 2


@pytest.mark.parametrize("model", SCOPED, ids=by_name)
def test_staff_see_their_companys_rows_only(staff_client: Client, own: Any, foreign: Any, model: type[Model]) -> None:
    listed = staff_client.get(url(model))
    assert [row.pk for row in listed.context["cl"].result_list] == [own[model].pk]
    assert "Fremd" not in listed.content.decode()


@pytest.mark.parametrize("model", SCOPED, ids=by_name)
def test_staff_open_their_companys_rows_without_a_word_of_others(
    staff_client: Client, own: Any, foreign: Any, model: type[Model]
) -> None:
    opened = staff_client.get(url(own[model], "change"))
    assert opened.status_code == 200
    assert "Fremd" not in opened.content.decode()


@pytest.mark.parametrize("page", ["change", "delete", "history"])
@pytest.mark.parametrize("model", SCOPED, ids=by_name)
def test_staff_do_not_open_another_companys_rows(
    staff_client: Client, own: Any, foreign: Any, model: type[Model], page: str
) -> None:
    refused_to_everybody = page == "delete" and model in (*READ_ONLY, CalcomEventType, Company, ApiToken, FollowUp)
    assert staff_client.get(url(foreign[model], page)).status_code == (403 if refused_to_everybody else 404)


@pytest.mark.parametrize("model", SCOPED, ids=by_name)
def test_staff_find_nothing_of_others_by_filtering(
    staff_client: Client, own: Any, foreign: Any, model: type[Model]
) -> None:
    lookup = "id__exact" if model is Company else "company__id__exact"
    listed = staff_client.get(url(model), {lookup: foreign[Company].pk}, follow=True)
    assert "Fremd" not in listed.content.decode()


@pytest.mark.parametrize("model", [Service, Customer, RetellConfiguration], ids=by_name)
def test_staff_are_offered_their_companies_only(
    staff_client: Client, own: Any, foreign: Any, model: type[Model]
) -> None:
    form = staff_client.get(url(model, "add")).context["adminform"].form
    assert list(form.fields["company"].queryset) == [own[Company]]


def test_staff_add_nothing_to_another_company(staff_client: Client, own: Any, foreign: Any) -> None:
    fields = {"name": "Neu", "company": foreign[Company].pk, "language": "de"}
    assert staff_client.post(url(Customer, "add"), fields).status_code == 200
    assert not Customer.objects.filter(name="Neu").exists()
    assert staff_client.post(url(Customer, "add"), {**fields, "company": own[Company].pk}).status_code == 302
    assert Customer.objects.get(name="Neu").company == own[Company]


def test_staff_are_offered_their_colleagues_only(staff_client: Client, own: Any, foreign: Any, member: User) -> None:
    foreign[Company].staff.add(User.objects.create_user("fremde"))
    form = staff_client.get(url(own[FollowUp], "change")).context["adminform"].form
    assert list(form.fields["assignee"].queryset) == [member]


def test_a_superuser_may_ask_everybody(superuser_client: Client, own: Any, member: User, superuser: User) -> None:
    form = superuser_client.get(url(own[FollowUp], "change")).context["adminform"].form
    assert set(form.fields["assignee"].queryset) == set(User.objects.all())


def test_staff_do_not_widen_who_sees_a_company(staff_client: Client, own: Any) -> None:
    fields = staff_client.get(url(own[Company], "change")).context["adminform"].form.fields
    assert not {"staff", "slug", "is_active"} & set(fields)


def test_staff_delete_rows_of_their_company(staff_client: Client, own: Any, foreign: Any) -> None:
    own[FollowUp].delete()
    chosen = [own[RetellConfiguration].pk, foreign[RetellConfiguration].pk]
    action = {"action": "delete_selected", "_selected_action": chosen, "post": "yes"}
    assert staff_client.post(url(RetellConfiguration), action).status_code == 302
    assert RetellConfiguration.objects.get() == foreign[RetellConfiguration]


@pytest.mark.parametrize("model", READ_ONLY, ids=by_name)
def test_what_the_system_writes_is_only_looked_at(superuser_client: Client, own: Any, model: type[Model]) -> None:
    assert superuser_client.post(url(own[model], "change"), {}).status_code == 403
    assert superuser_client.post(url(own[model], "delete"), {"post": "yes"}).status_code == 403
    assert superuser_client.get(url(model, "add")).status_code == 403
    assert model._default_manager.filter(pk=own[model].pk).exists()


def test_staff_without_permission_see_nothing(client: Client, own: Any, company: Company) -> None:
    user = User.objects.create_user("new", is_staff=True)
    company.staff.add(user)
    client.force_login(user)
    assert all(client.get(url(model)).status_code == 403 for model in SCOPED)


def test_staff_of_no_company_see_no_rows(client: Client, own: Any, db: None) -> None:
    user = User.objects.create_user("new", is_staff=True)
    user.user_permissions.set(Permission.objects.all())
    client.force_login(user)
    assert all(client.get(url(model)).context["cl"].result_count == 0 for model in SCOPED)


def test_revoking_tokens(staff_client: Client, own: Any, foreign: Any, member: User) -> None:
    chosen = [own[ApiToken].pk, foreign[ApiToken].pk]
    action = {"action": "revoke", "_selected_action": chosen, "confirmed": "yes"}
    assert staff_client.post(url(ApiToken), action).status_code == 302
    first = ApiToken.objects.get(pk=own[ApiToken].pk).revoked_at
    assert first is not None
    assert ApiToken.objects.get(pk=foreign[ApiToken].pk).revoked_at is None
    staff_client.post(url(ApiToken), action)
    assert ApiToken.objects.get(pk=own[ApiToken].pk).revoked_at == first
    (entry,) = AuditEntry.objects.filter(action="token.revoked")
    assert (entry.actor_kind, entry.actor) == ("staff", f"staff:{member.pk}")
    assert entry.object_id == str(own[ApiToken].pk)


def test_revoking_needs_the_right_to_change(client: Client, own: Any, company: Company) -> None:
    user = User.objects.create_user("viewer", is_staff=True)
    user.user_permissions.add(Permission.objects.get(codename="view_apitoken"))
    company.staff.add(user)
    client.force_login(user)
    client.post(url(ApiToken), {"action": "revoke", "_selected_action": [own[ApiToken].pk], "confirmed": "yes"})
    assert ApiToken.objects.get(pk=own[ApiToken].pk).revoked_at is None


def test_a_stored_token_is_not_shown(superuser_client: Client, company: Company) -> None:
    token, text = create_token(name="till", company=company, scopes=["*"])
    for page in (superuser_client.get(url(ApiToken)), superuser_client.get(url(token, "change"))):
        assert text not in page.content.decode()
        assert token.token_hash not in page.content.decode()


def test_the_index_opens_for_everybody_on_the_staff(staff_client: Client, own: Any) -> None:
    assert staff_client.get(reverse("admin:index")).status_code == 200


def test_every_model_of_ours_has_a_page() -> None:
    assert all(isinstance(model_admin, ModelAdmin) for model_admin in admin.site._registry.values())
    expected = {Company, Service, Customer, Call, Appointment, FollowUp, RetellConfiguration}
    assert {*expected, ApiToken, AuditEntry, LongAction, OutboxMessage, WebhookEvent} <= set(MODELS)

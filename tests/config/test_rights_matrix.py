"""Every URL of the staff's place × role × own and another company's rows × method.

The URLs come from the resolver, so that a new page is under these rules from its first day: who is not logged in is
sent to the log-in, who has no right gets 403, rows of other companies are not there (404), and what was refused has
changed nothing. What else a page does is tested where the page is.
"""

import re
from collections.abc import Iterator
from dataclasses import replace
from itertools import product
from typing import Any

import pytest
from django.apps import apps
from django.contrib import admin
from django.contrib.auth.models import Group, User
from django.db.models import ForeignKey, Model
from django.test import Client
from django.urls import Resolver404, resolve, reverse

from appointments.models import Call, Company
from mcp_gateway.models import AuditEntry, OutgoingCall
from mcp_gateway.viewing import LOOKS
from retell.models import IntegrationCheck, RetellConfiguration
from tests.config.admin_places import Place, Rows, model_admins, places
from tests.factories import make_company
from tests.mcp_gateway.rows import rows_of, shared_rows

pytestmark = pytest.mark.django_db
PLACES = list(places())
OF_ROWS = [place for place in PLACES if place.leads_to_a_row and place.model not in (User, Group)]
LISTS = [place for place in PLACES if place.model is not None and place.kind == "changelist"]
ROLES = ["without role", "viewer", "operator", "admin"]
METHODS = ["GET", "POST", "PUT", "PATCH", "DELETE", "HEAD", "OPTIONS"]
# Answers that say no, or that there is no such thing to do.
REFUSED = (403, 404, 405)
FOREIGN = "Xylophon"
LOOKING: dict[type[Model], dict[str, Any]] = {
    AuditEntry: {"action__in": LOOKS},
    # Pages ask vendors how things stand, and what fails is kept.
    OutgoingCall: {"pk__gt": 0},
}
LINK = re.compile(r'(?:href|action|formaction|data-url)="(/admin/[^"?#]*)')


class People:
    """A client for everybody who may knock."""

    def __init__(self, company: Company) -> None:
        self.users: dict[str, User] = {"superuser": User.objects.create_superuser("superuser")}
        for role in ROLES:
            user = User.objects.create_user(role, is_staff=True)
            user.groups.set(Group.objects.filter(name=role))
            company.staff.add(user)
            self.users[role] = user
        self.clients = {role: _logged_in(user) for role, user in self.users.items()}


def _logged_in(user: User) -> Client:
    client = Client()
    client.force_login(user)
    return client


@pytest.fixture
def own(company: Company) -> Rows:
    return {**rows_of(company), **shared_rows()}


@pytest.fixture
def foreign(own: Rows) -> Rows:
    return {**own, **rows_of(make_company(name=f"{FOREIGN} & Co", slug="fremd"))}


@pytest.fixture
def people(own: Rows) -> People:
    return People(own[Company])


def table_rows() -> dict[str, list[Any]]:
    """All that is stored; a session is prolonged by looking, and that personal data was looked at is noted."""
    return {
        model._meta.label: list(model._base_manager.exclude(**LOOKING.get(model, {})).order_by("pk").values_list())
        for model in apps.get_models(include_auto_created=True)
        if model._meta.label != "sessions.Session"
    }


def named_of(foreign: Rows) -> tuple[str, ...]:
    """Words that only the other company's rows have."""
    return FOREIGN, foreign[Call].call_id, foreign[RetellConfiguration].agent_id, foreign[Company].phone_number


def asked(client: Client, method: str, url: str) -> Any:
    return client.generic(method, url, data="post=yes", content_type="application/x-www-form-urlencoded")


@pytest.mark.parametrize("place", PLACES, ids=str)
def test_who_is_not_logged_in_is_sent_to_the_log_in(client: Client, own: Rows, place: Place) -> None:
    url, before = place.url(own), table_rows()
    for method in METHODS:
        response = asked(client, method, url)
        assert (response.status_code, response.headers.get("Location")) == (
            302,
            f"{reverse('admin:login')}?next={url}",
        ), method
    assert table_rows() == before


@pytest.mark.parametrize("place", PLACES, ids=str)
def test_who_has_no_right_is_refused(own: Rows, foreign: Rows, people: People, place: Place) -> None:
    before = table_rows()
    for role, method in product(ROLES, ("GET", "POST")):
        if place.is_open_to(people.users[role], method) is False:
            for rows in (own, foreign):
                assert asked(people.clients[role], method, place.url(rows)).status_code == 403, (role, method)
    assert table_rows() == before


@pytest.mark.parametrize("place", PLACES, ids=str)
def test_who_has_the_right_gets_in(own: Rows, people: People, place: Place) -> None:
    for role, client in people.clients.items():
        if place.is_open_to(people.users[role], "GET") is True:
            assert client.get(place.url(own)).status_code in (200, 302), role


@pytest.mark.parametrize("place", OF_ROWS, ids=str)
def test_another_companys_row_is_not_there(own: Rows, foreign: Rows, people: People, place: Place) -> None:
    url, before = place.url(foreign), table_rows()
    for role, method in product(ROLES, METHODS):
        response = asked(people.clients[role], method, url)
        has_the_right = method in ("GET", "POST") and place.is_open_to(people.users[role], method) is True
        assert response.status_code in ((404,) if has_the_right else REFUSED), (role, method)
        assert not [word for word in named_of(foreign) if word in response.text], (role, method)
    assert table_rows() == before


@pytest.mark.parametrize("place", OF_ROWS, ids=str)
def test_a_row_that_does_not_exist_is_not_there_for_a_superuser(own: Rows, people: People, place: Place) -> None:
    for kind in set(own) - {User, Group}:
        own[kind].pk = 0
    assert asked(people.clients["superuser"], "GET", place.url(own)).status_code in (403, 404, 405)


@pytest.mark.parametrize("place", PLACES, ids=str)
def test_a_viewer_changes_nothing(own: Rows, people: People, place: Place) -> None:
    client, url, before = people.clients["viewer"], place.url(own), table_rows()
    for method in METHODS:
        assert asked(client, method, url).status_code < 500, method
    assert table_rows() == before


@pytest.mark.parametrize("place", PLACES, ids=str)
def test_only_post_changes_anything(own: Rows, people: People, place: Place) -> None:
    client, url, before = people.clients["superuser"], place.url(own), table_rows()
    for method in METHODS:
        if method != "POST":
            assert asked(client, method, url).status_code < 500, method
    assert table_rows() == before


@pytest.mark.parametrize("place", PLACES, ids=str)
def test_no_page_has_a_word_of_other_companies(own: Rows, foreign: Rows, people: People, place: Place) -> None:
    """Not in lists, filters, choices, nor when a page is asked for them by the names that such pages use.

    Whoever may do most sees most.
    """
    client = people.clients["admin"]
    by_name = {str(model._meta.model_name): row.pk for model, row in foreign.items() if model not in (User, Group)}
    questions: list[dict[str, Any]] = [{}, {"q": FOREIGN[:5]}, by_name]
    questions.append({f"{name}_id": key for name, key in by_name.items()})
    questions += [{"company__id__exact": by_name["company"]}, {"_facets": "True"}]
    for question in questions:
        response = client.get(place.url(own), question, follow=True)
        assert response.status_code < 500
        text = b"".join(response).decode()  # type: ignore[call-overload]
        assert not [word for word in named_of(foreign) if word in text], question


@pytest.mark.parametrize("place", LISTS, ids=str)
def test_no_search_finds_other_companies_rows(own: Rows, foreign: Rows, people: People, place: Place) -> None:
    client = people.clients["admin"]
    assert place.model is not None
    if place.model in (User, Group):
        pytest.skip("open to superusers only")
    for word in named_of(foreign):
        shown = client.get(place.url(own), {"q": word}).context["cl"].result_list
        assert foreign[place.model].pk not in [row.pk for row in shown]


@pytest.mark.parametrize("role", ["viewer", "operator", "admin"])
def test_no_choice_is_completed_with_other_companies_rows(own: Rows, foreign: Rows, people: People, role: str) -> None:
    client, url = people.clients[role], reverse("admin:autocomplete")
    for model, field in foreign_keys():
        field_name = {"app_label": model._meta.app_label, "model_name": model._meta.model_name, "field_name": field}
        response = client.get(url, {**field_name, "term": ""})
        assert response.status_code in (200, 403), field_name
        assert not [word for word in named_of(foreign) if word in response.text], field_name


def test_nothing_is_completed_without_a_role(own: Rows, people: People) -> None:
    client, url = people.clients["without role"], reverse("admin:autocomplete")
    for model, field in foreign_keys():
        field_name = {"app_label": model._meta.app_label, "model_name": model._meta.model_name, "field_name": field}
        assert client.get(url, field_name).status_code == 403


@pytest.mark.parametrize(("role", "whose"), [("admin", "foreign"), ("viewer", "own")])
@pytest.mark.parametrize("place", LISTS, ids=str)
def test_actions_of_lists_keep_to_the_same_rules(
    own: Rows, foreign: Rows, people: People, place: Place, role: str, whose: str
) -> None:
    assert place.model is not None
    row = {"own": own, "foreign": foreign}[whose][place.model]
    client, url = people.clients[role], place.url(own)
    listed = people.clients["superuser"].get(url)
    before = table_rows()
    for action in admin.site._registry[place.model].get_actions(listed.wsgi_request):
        for answer in ({}, {"post": "yes"}, {"confirmed": "yes"}):
            response = client.post(url, {"action": action, "_selected_action": [row.pk], **answer})
            assert response.status_code < 500, action
            assert not [word for word in named_of(foreign) if word in response.text], action
    assert table_rows() == before


def test_what_pages_lead_to_is_under_the_same_rules(own: Rows, foreign: Rows, people: People) -> None:
    """URLs with words in them that only the pages know: the buttons of a page, as a superuser has them."""
    for place, others in found_on_pages(people.clients["superuser"], own):
        before = table_rows()
        for method in ("GET", "POST"):
            assert asked(Client(), method, place.url(own, others)).status_code == 302, others
            assert asked(people.clients["without role"], method, place.url(own, others)).status_code == 403, others
            assert asked(people.clients["viewer"], method, place.url(own, others)).status_code < 500, others
            # A viewer may ask a vendor how things are, and what came of it is noted.
            IntegrationCheck.objects.all().delete()
            if place.leads_to_a_row:
                for role in ROLES:
                    assert asked(people.clients[role], method, place.url(foreign, others)).status_code in REFUSED
        assert table_rows() == before, others


def foreign_keys() -> Iterator[tuple[type[Model], str]]:
    for model, _ in model_admins():
        for field in model._meta.get_fields():
            if isinstance(field, ForeignKey) and field.remote_field.model in admin.site._registry:
                yield model, field.name


def found_on_pages(client: Client, rows: Rows) -> list[tuple[Place, dict[str, Any]]]:
    unknown = {place.name: place for place in PLACES if not place.is_known_whole}
    links = {
        link
        for place in PLACES
        if place.is_known_whole
        for link in LINK.findall(b"".join(client.get(place.url(rows))).decode())
    }
    found = []
    for link in sorted(links):
        try:
            match = resolve(link)
        except Resolver404:
            continue
        if place := unknown.get(match.url_name or ""):
            others = {name: value for name, value in match.kwargs.items() if name in unknown_arguments(place)}
            if (place, others) not in found:
                found.append((place, others))
    return found


def unknown_arguments(place: Place) -> set[str]:
    return {argument for argument in place.arguments if not replace(place, arguments=(argument,)).leads_to_a_row}

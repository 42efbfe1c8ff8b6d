"""Every page of the staff's place, over made-up rows: what the resolver knows and what the pages lead to."""

import re
from collections.abc import Iterator
from html import unescape
from typing import Any

from django.contrib.auth.models import User
from django.core.management import call_command
from django.test import Client
from django.urls import Resolver404, resolve

from mcp_gateway.models import WebhookEvent
from tests.config.admin_places import Place, Rows, places
from tests.factories import make_company
from tests.mcp_gateway.rows import rows_of, shared_rows
from tests.staff_pages.markup import Page

PLACES = list(places())
LINK = re.compile(r'(?:href|action|formaction)="(/admin/[^"#]*)')
# About what their address asks for.
ASKED_FOR = {
    "reset_breaker": ["?name=database"],
    "mcp_gateway_webhookevent_replay": ["?ids={event}"],
    "console": ["", "?method=calcom.checkAvailability", "?method=appointment_mgmt.createAppointment"],
}


def made_up_rows() -> Rows:
    """Believable rows in every list; one of each kind is given back."""
    call_command("seed_demo", calls=40, companies=1)
    return {**rows_of(make_company()), **shared_rows()}


def staff(language: str, user: User) -> Client:
    """The browser of a member of staff who reads this language."""
    client = Client()
    client.force_login(user)
    client.post("/language/", {"language": language})
    return client


def every_page(client: Client, rows: Rows) -> Iterator[Page]:
    """What answers a GET, then what comes of empty POSTs; rows in different states have a page each."""
    seen: set[str] = set()
    only_posted: list[str] = []
    ways = list(_addresses(rows))
    while ways:
        path = ways.pop(0)
        if path in seen:
            continue
        seen.add(path)
        response = client.get(path)
        if response.status_code == 405:
            only_posted.append(path)
        elif page := _page(path, response):
            yield page
            ways += [unescape(link) for link in LINK.findall(response.text) if _leads_on(unescape(link))]
    for path in only_posted:
        if page := _page(f"POST {path}", client.post(path, follow=True)):
            yield page


def _page(path: str, response: Any) -> Page | None:
    is_page = response.status_code < 300 and not response.streaming and response["Content-Type"].startswith("text/html")
    return Page.read(path, response.text) if is_page else None


def _addresses(rows: Rows) -> Iterator[str]:
    for place in PLACES:
        if place.is_known_whole:
            for question in ASKED_FOR.get(place.name, [""]):
                for row in _in_all_states(place, rows):
                    yield place.url(row) + question.format(event=rows[WebhookEvent].pk)


def _in_all_states(place: Place, rows: Rows) -> Iterator[Rows]:
    yield rows
    if place.model is None or place.kind != "change":
        return
    for field in place.model._meta.get_fields():
        if getattr(field, "choices", None) and field.name in ("status", "state", "kind"):
            for value, _label in field.choices:  # type: ignore[union-attr]
                row = place.model._default_manager.filter(**{field.name: value}).first()
                if row is not None:
                    yield {**rows, place.model: row}


def _leads_on(link: str) -> bool:
    """Whether only pages know of the address: it has words of its own in it."""
    try:
        match = resolve(link.partition("?")[0])
    except Resolver404:
        return False
    place = next((place for place in PLACES if place.name == match.url_name), None)
    return place is not None and not place.is_known_whole

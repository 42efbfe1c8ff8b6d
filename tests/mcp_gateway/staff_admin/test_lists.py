"""Lists of the staff's place: sizes, saved views, search, sorting, empty states."""

from collections.abc import Callable
from typing import Any

import pytest
from django.contrib.admin import site
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils.translation import override

from appointments.models import Company
from mcp_gateway.models import OutboxMessage, WebhookEvent
from mcp_gateway.staff_admin import paging, saved_views
from tests.mcp_gateway.staff_admin.conftest import As

Events = Callable[..., list[WebhookEvent]]
LIST = reverse("admin:mcp_gateway_webhookevent_changelist")


def shown(client: Client, **parameters: Any) -> list[str]:
    return [event.dedupe_key for event in client.get(LIST, parameters).context["cl"].result_list]


def page(client: Client, language: str = "en", **parameters: Any) -> str:
    return client.get(LIST, parameters, headers={"Accept-Language": language}).text


@pytest.mark.parametrize(("asked", "rows"), [("25", 25), ("100", 60), ("7", 50), ("x", 50), (None, 50)])
def test_the_size_of_a_page_can_be_chosen(viewer: Client, events: Events, asked: str | None, rows: int) -> None:
    events(60)
    assert len(shown(viewer, **({"size": asked} if asked else {}))) == rows


def test_the_size_is_kept_when_the_list_is_filtered_or_turned(viewer: Client, events: Events) -> None:
    events(60)
    assert "?p=2&amp;size=25" in page(viewer, size=25)
    assert "size=25&amp;state__exact=dead" in page(viewer, size=25)


def test_a_page_beyond_the_end_shows_the_last(viewer: Client, events: Events) -> None:
    events(60)
    assert len(shown(viewer, p=99)) == 10


def test_a_long_list_says_so_and_leads_to_its_end(
    viewer: Client, events: Events, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(paging, "BOUND", 1000)
    events(1030)
    text = page(viewer)
    assert "more than 1,000 webhook events" in text
    assert 'href="?p=-1"' in text
    assert "mehr als 1.000" in page(viewer, "de")
    assert shown(viewer, p=-1)[-1] == "key-0"


def test_nothing_counts_or_reads_a_whole_table(viewer: Client, events: Events) -> None:
    events(3)
    with CaptureQueriesContext(connection) as queries:
        viewer.get(LIST)
    asked = [query["sql"] for query in queries if 'FROM "webhook_events"' in query["sql"].replace("`", '"')]
    assert asked
    assert all("LIMIT" in sql for sql in asked[:-1])


@pytest.mark.parametrize("rows", [1, 60])
def test_a_list_takes_a_dozen_queries_at_most(
    viewer: Client, events: Events, rows: int, django_assert_max_num_queries: Any
) -> None:
    events(rows)
    viewer.get(LIST)  # once a minute the session is written
    with django_assert_max_num_queries(12):
        viewer.get(LIST, {"q": "key", "state__exact": "received"})


def test_saved_views_say_how_many_rows_their_lists_have(viewer: Client, events: Events, other_company: Company) -> None:
    events(2, state="dead")
    events(1)
    events(5, company=other_company)
    views = {link.name: link for link in viewer.get(LIST, headers={"Accept-Language": "en"}).context["cl"].views}
    assert {name: link.count for name, link in views.items()} == {
        "Today": "3",
        "Waiting": "1",
        "Failed": "0",
        "Given up": "2",
    }
    for link in views.values():
        assert str(viewer.get(LIST + link.url).context["cl"].result_count) == link.count


def test_a_saved_view_counts_no_further_than_its_bound(
    viewer: Client, events: Events, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(saved_views, "BOUND", 3)
    events(5, state="dead")
    assert {link.name: link.count for link in viewer.get(LIST).context["cl"].views}["Aufgegeben"] == "3+"


@pytest.mark.parametrize("language", ["en", "de"])
def test_a_saved_view_of_one_state_bears_the_states_word(language: str) -> None:
    with override(language):
        named = [
            (model._meta.model_name, str(view.name).lower(), str(dict(field.flatchoices)[value]).lower())
            for model, model_admin in site._registry.items()
            for view in getattr(model_admin, "views", ())
            for name, value in view.parameters.items()
            if name in ("state__exact", "status__exact")
            for field in (model._meta.get_field(name.removesuffix("__exact")),)
        ]
    assert {model for model, _view, _word in named} == {"webhookevent", "outboxmessage", "longaction"}
    assert [one for one in named if one[1] != one[2]] == []


def test_the_saved_view_that_is_open_is_marked(viewer: Client, events: Events) -> None:
    events()
    assert '<a href="?state__exact=dead" aria-current="page">' in page(viewer, state__exact="dead")


def test_the_search_is_kept_with_the_filter_and_the_filter_with_the_search(viewer: Client, events: Events) -> None:
    events()
    text = page(viewer, q="key", state__exact="received")
    assert '<input type="hidden" name="state__exact" value="received">' in text
    assert "q=key&amp;state__exact=dead" in text


def test_everything_can_be_reset(viewer: Client, events: Events) -> None:
    events()
    assert '<a class="reset" href="?">' in page(viewer, q="key")
    assert '<a class="reset" href="?">' in page(viewer, state__exact="received")
    assert 'class="reset"' not in page(viewer)


def test_an_id_that_fits_is_all_that_was_meant(admin: Client, company: Company) -> None:
    for number in ("1", "11"):
        OutboxMessage.objects.create(company=company, kind="x", dedupe_key=f"key-{number}", payload={})
    found = admin.get(reverse("admin:mcp_gateway_outboxmessage_changelist"), {"q": "key-1"}).context["cl"]
    assert [message.dedupe_key for message in found.result_list] == ["key-1"]


def test_an_event_is_found_by_a_part_of_its_key(viewer: Client, events: Events) -> None:
    events(12)
    assert shown(viewer, q="ey-1") == ["key-11", "key-10", "key-1"]


def test_an_event_is_found_by_its_correlation_id(viewer: Client, events: Events) -> None:
    wanted, _other = *events(1, correlation_id="00000000-0000-4000-8000-000000000007"), *events(1)
    assert shown(viewer, q=wanted.correlation_id) == [wanted.dedupe_key]


def test_no_id_of_another_company_is_found(viewer: Client, events: Events, other_company: Company) -> None:
    events(1, company=other_company)
    assert shown(viewer, q="key-0") == []


def test_the_search_is_shown_as_text(viewer: Client, events: Events) -> None:
    events()
    assert "<script>x" not in page(viewer, q="<script>x")


def test_the_column_that_is_sorted_by_says_so(viewer: Client, events: Events) -> None:
    events()
    assert page(viewer).count('aria-sort="descending"') == 1
    assert page(viewer, o="1").count('aria-sort="ascending"') == 1


def test_rows_of_one_moment_keep_their_order(viewer: Client, events: Events) -> None:
    events(60, received_at="2026-11-25T08:00:00Z")
    assert shown(viewer)[:2] == ["key-59", "key-58"]
    assert not set(shown(viewer)) & set(shown(viewer, p=2))


def test_a_list_without_rows_says_what_fills_it(viewer: Client) -> None:
    assert "No webhook has been received yet" in page(viewer)
    assert "Es ist noch kein Webhook eingegangen" in page(viewer, "de")


def test_a_list_whose_filter_leaves_nothing_offers_to_reset_it(viewer: Client, events: Events) -> None:
    events()
    text = page(viewer, state__exact="dead")
    assert "Nothing matches the search and the filters" in text
    assert '<a class="button" href="?">' in text


def test_counts_beside_filters_are_off_until_they_are_asked_for(viewer: Client, events: Events) -> None:
    events(3)
    assert "ping (3)" not in page(viewer)
    assert "ping (3)" in page(viewer, _facets="True")


def test_companies_are_offered_without_reading_the_table(as_role: As, events: Events, other_company: Company) -> None:
    events(1)
    assert other_company.name in page(as_role("root"))
    assert other_company.name not in page(as_role("viewer"))

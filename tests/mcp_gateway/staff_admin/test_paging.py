"""Pages of a long list: what was counted, and the last page."""

from collections.abc import Callable

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from mcp_gateway.models import WebhookEvent
from mcp_gateway.staff_admin import paging
from mcp_gateway.staff_admin.paging import BoundedPaginator

Events = Callable[..., list[WebhookEvent]]


@pytest.fixture
def pages(events: Events, monkeypatch: pytest.MonkeyPatch) -> BoundedPaginator:
    """Thirty rows in pages of five, of which twenty are counted."""
    monkeypatch.setattr(paging, "BOUND", 20)
    events(30)
    return BoundedPaginator(WebhookEvent.objects.order_by("pk"), 5)


def keys(paginator: BoundedPaginator, number: int) -> list[str]:
    return [event.dedupe_key for event in paginator.page(number).object_list]


def test_no_more_than_the_bound_is_counted(pages: BoundedPaginator) -> None:
    with CaptureQueriesContext(
        connection,
    ) as queries:
        assert (pages.count, pages.is_longer, pages.num_pages) == (20, True, 4)
    assert ["LIMIT 21" in query["sql"] for query in queries] == [True]


def test_a_page_is_read_from_the_start(pages: BoundedPaginator) -> None:
    assert keys(pages, 2) == ["key-5", "key-6", "key-7", "key-8", "key-9"]


def test_the_last_page_is_read_from_the_end(pages: BoundedPaginator) -> None:
    assert keys(pages, -1) == ["key-25", "key-26", "key-27", "key-28", "key-29"]


def test_the_page_before_the_last_comes_before_it(pages: BoundedPaginator) -> None:
    assert keys(pages, -2) == ["key-20", "key-21", "key-22", "key-23", "key-24"]


@pytest.mark.parametrize(("asked", "given"), [(0, 1), (1, 1), (4, 4), (5, 4), (999, 4), (-1, -1), (-4, -4), (-99, -4)])
def test_a_page_that_is_not_there_gives_the_nearest(pages: BoundedPaginator, asked: int, given: int) -> None:
    assert pages.nearest(asked) == given


@pytest.mark.parametrize(("asked", "given"), [(-1, 2), (-2, 1), (-9, 1), (9, 2)])
def test_a_list_counted_to_its_end_has_pages_from_the_start_only(events: Events, asked: int, given: int) -> None:
    events(7)
    assert BoundedPaginator(WebhookEvent.objects.order_by("pk"), 5).nearest(asked) == given


def test_an_empty_list_has_one_page(db: None) -> None:
    pages = BoundedPaginator(WebhookEvent.objects.order_by("pk"), 5)
    assert (pages.count, pages.nearest(3), list(pages.page(1).object_list)) == (0, 1, [])


def test_the_links_lead_to_the_neighbours_and_to_the_end(pages: BoundedPaginator) -> None:
    assert [link.number for link in pages.links(2)] == [1, 1, 2, 3, 4, None, -1, 3]
    assert [link.number for link in pages.links(2) if link.is_current] == [2]


def test_from_the_last_page_the_way_leads_back(pages: BoundedPaginator) -> None:
    assert [(link.number, link.rel) for link in pages.links(-1) if link.rel] == [(-2, "prev")]
    assert [link.number for link in pages.links(-1) if link.is_current] == [-1]


def test_the_first_page_has_none_before_it(pages: BoundedPaginator) -> None:
    assert [link.rel for link in pages.links(1) if link.rel] == ["next"]

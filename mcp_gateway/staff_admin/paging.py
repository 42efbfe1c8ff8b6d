"""Pages of a list that may be as long as it likes: nothing reads or counts more than BOUND rows at a time.

Pages are numbered from the first row (1, 2, …) and, in a list longer than BOUND, also from its end (-1, -2, …): the
last page is read backwards. What lies between is reached by filters, by search, or by sorting the other way round.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from django.core.paginator import Page, Paginator
from django.db.models import QuerySet
from django.utils.formats import number_format
from django.utils.translation import gettext as _

BOUND = 10_000
# What so few rows are joined with is no work to find: one query is enough for them.
SHORT = 1000
SIZES = (25, 50, 100, 200)
DEFAULT_SIZE = 50


@dataclass(frozen=True)
class PageLink:
    """Where a list can be turned to; no number: a gap."""

    text: str
    number: int | None
    is_current: bool = False
    rel: str = ""


def slice_of(rows: QuerySet[Any], start: int, stop: int, *, from_end: bool = False) -> QuerySet[Any]:
    """Rows of a long table by their places: their keys first, and only for these what they are joined with.

    In one query MariaDB would join and sort the whole table before it takes the first row.
    """
    ordered = rows.reverse() if from_end else rows
    return rows.filter(pk__in=list(ordered.values_list("pk", flat=True)[start:stop]))


class BoundedPaginator(Paginator):
    """Of a queryset."""

    object_list: Any

    def __init__(self, *args: Any, counted: int | None = None, **kwargs: Any) -> None:
        """`counted`: how many rows there are, up to one more than BOUND, where that is known already."""
        super().__init__(*args, **kwargs)
        if counted is not None:
            self._counted = counted

    @cached_property
    def _counted(self) -> int:
        counted: int = self.object_list.order_by()[: BOUND + 1].count()
        return counted

    @cached_property
    def count(self) -> int:
        return min(self._counted, BOUND)

    @property
    def is_longer(self) -> bool:
        """There are more rows than were counted."""
        return self._counted > BOUND

    @property
    def count_text(self) -> str:
        number = number_format(self.count, force_grouping=True)
        return _("more than %(number)s") % {"number": number} if self.is_longer else number

    def nearest(self, number: int) -> int:
        """The page of that number, or the one next to it that there is; from the end only where it must be."""
        if number < 0 and self.is_longer:
            return max(number, -self.num_pages)
        if number < 0:
            number += self.num_pages + 1
        return min(max(number, 1), self.num_pages)

    def page(self, number: Any) -> Page:
        """The page of that number, or the one next to it that there is."""
        number = self.nearest(number)
        stop = abs(number) * self.per_page
        if number > 0 and self._counted <= SHORT:
            return Page(self.object_list[stop - self.per_page : stop], number, self)
        return Page(slice_of(self.object_list, stop - self.per_page, stop, from_end=number < 0), number, self)

    def links(self, current: int) -> list[PageLink]:
        """Previous, numbers, next; the last page of a list that was not counted to its end is called so."""
        last = -1 if self.is_longer else self.num_pages
        links = [PageLink(_("Previous"), before, rel="prev") for before in self._next_to(current, -1)]
        links += [self._numbered(number, current) for number in self.get_elided_page_range(max(current, 1))]
        if self.is_longer:
            links += [PageLink("…", None), PageLink(_("Last page"), last, is_current=current == last)]
        if current < -1:
            links.append(PageLink(_("%(number)s from the end") % {"number": -current}, current, is_current=True))
        return links + [PageLink(_("Next"), after, rel="next") for after in self._next_to(current, 1)]

    def _numbered(self, number: Any, current: int) -> PageLink:
        if not isinstance(number, int):
            return PageLink(str(number), None)
        return PageLink(str(number), number, is_current=number == current)

    def _next_to(self, current: int, step: int) -> Iterator[int]:
        number = current + step
        if number and self.nearest(number) == number:
            yield number

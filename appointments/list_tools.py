"""How the lists of the business are searched: by numbers however they are written, by ids, and by names.

Nothing looks into every row of a long table: each question is one that an index answers, and names of customers are
looked for among the customers. What is found by words is at most MOST_FOUND rows; the list says when there are more.
"""

import re
from collections.abc import Iterator, Sequence
from typing import Any, ClassVar

import phonenumbers
from django.db import models
from django.http import HttpRequest

from appointments.models import Customer
from appointments.phones import DEFAULT_REGION, to_e164
from mcp_gateway.staff_admin.lists import note_cut_search
from mcp_gateway.staff_admin.visibility import visible_rows

MOST_FOUND = 500
# How well a row fits: by an id, by a whole name, by a name's beginning.
ID, WHOLE, BEGINNING = range(3)
# Fewer digits stand in too many numbers.
FEWEST_DIGITS = 4
HOME = f"+{phonenumbers.country_code_for_region(DEFAULT_REGION)}"


class PhoneSearchMixin:
    """A phone number, or its beginning, is found however it is written: 030 1234…, +49 30 1234…, 0049….

    Only in `phone_columns`, and from the number's beginning: the database needs no look into names for it.
    """

    phone_columns: ClassVar[tuple[str, ...]] = ()

    def get_search_results(
        self, request: HttpRequest, queryset: models.QuerySet[Any], search_term: str
    ) -> tuple[models.QuerySet[Any], bool]:
        beginnings = _beginnings(search_term.strip())
        if not beginnings:
            found: tuple[models.QuerySet[Any], bool] = super().get_search_results(  # type: ignore[misc]
                request, queryset, search_term
            )
            return found
        # Not case-sensitive, or MariaDB would compare bytes, for which it has no index.
        meant = [models.Q((f"{column}__istartswith", one)) for column in self.phone_columns for one in beginnings]
        return queryset.filter(models.Q(*meant, _connector=models.Q.OR)), False


class WordSearchMixin(PhoneSearchMixin):
    """Besides numbers: ids as they are, names and e-mail addresses by their beginnings; what fits whole comes first.

    A customer is found by the beginnings of the name's words, in whatever order.
    """

    # How a row leads to a customer, and columns with an index of their own.
    customer_lookups: ClassVar[Sequence[str]] = ()
    beginning_columns: ClassVar[Sequence[str]] = ()
    # Texts, in tables that do not grow long.
    text_columns: ClassVar[Sequence[str]] = ()
    search_ids: ClassVar[Sequence[str]]
    company_lookup: ClassVar[str]
    model: type[models.Model]

    def get_search_results(
        self, request: HttpRequest, queryset: models.QuerySet[Any], search_term: str
    ) -> tuple[models.QuerySet[Any], bool]:
        term = search_term.strip()
        if not term or _beginnings(term):
            return super().get_search_results(request, queryset, search_term)
        first, *others = self._questions(request, term)
        asked = first.union(*others, all=True) if others else first
        hits = list(asked[: MOST_FOUND + 1])
        if len(hits) > MOST_FOUND:
            note_cut_search(request, MOST_FOUND)
            del hits[MOST_FOUND:]
        best = min((rank for _key, rank in hits), default=BEGINNING)
        keys = {key for key, rank in hits if best != ID or rank == ID}
        found = queryset.filter(pk__in=keys)
        if best == WHOLE:
            whole = {key for key, rank in hits if rank == WHOLE}
            is_whole = models.Case(models.When(pk__in=whole, then=0), default=1)
            found = found.order_by(is_whole, *found.query.order_by)
        return found, False

    def _questions(self, request: HttpRequest, term: str) -> Iterator[models.QuerySet[Any]]:
        """Keys of rows, each with how well it fits, those that fit best first."""
        rows = visible_rows(self.model._default_manager.order_by(), self.company_lookup, request)
        customers = _customers(request, term)
        whole = [
            key for key, name, email in customers if term.casefold() in (name.casefold(), (email or "").casefold())
        ]
        began = [key for key, _name, _email in customers]
        found = [(ID, models.Q((column, term))) for column in self.search_ids]
        found += [(WHOLE, models.Q((f"{column}__iexact", term))) for column in self.beginning_columns]
        for rank, keys in ((WHOLE, whole), (BEGINNING, began)):
            found += [(rank, models.Q((f"{lookup}__in", keys))) for lookup in self.customer_lookups if keys]
        found += [(BEGINNING, models.Q((f"{column}__istartswith", term))) for column in self.beginning_columns]
        found += [(BEGINNING, models.Q((f"{column}__icontains", term))) for column in self.text_columns]
        for rank, condition in found:
            yield rows.filter(condition).annotate(rank=models.Value(rank)).values_list("pk", "rank")


def _words_begin(term: str) -> models.Q:
    """The condition that each word of the term begins a word of a customer's name, or the term the e-mail address."""
    if "@" in term:
        return models.Q(email__istartswith=term)
    words = (models.Q(name__istartswith=word) | models.Q(name__icontains=f" {word}") for word in term.split())
    return models.Q(*words)


def _customers(request: HttpRequest, term: str) -> list[tuple[int, str, str | None]]:
    """Those who are meant, by key, name and e-mail address where that was asked for: names need the index alone.

    Whoever is called just so comes first, and is there also where too many are meant; nothing is sorted for the others.
    """
    email = models.F("email") if "@" in term else models.Value(None, models.CharField())
    rows = visible_rows(Customer.objects.order_by(), "company", request).values_list("pk", "name", email)
    whole = models.Q(email__iexact=term) if "@" in term else models.Q(name__iexact=term)
    return list(rows.filter(whole).union(rows.filter(_words_begin(term)), all=True)[: MOST_FOUND + 1])


def _beginnings(text: str) -> tuple[str, ...]:
    """How a number that begins so may be written in E.164; none when it is no number."""
    if whole := to_e164(text):
        return (whole,)
    digits = re.sub(r"\D", "", text)
    if not re.fullmatch(r"[\d\s()+/.-]+", text) or len(digits.lstrip("0")) < FEWEST_DIGITS:
        return ()
    if text.startswith("+") or digits.startswith("00"):
        return (f"+{digits.lstrip('0')}",)
    at_home = f"{HOME}{digits.lstrip('0')}"
    return (at_home,) if digits.startswith("0") else (at_home, f"+{digits}")

"""Lists as CSV: streamed piece by piece, harmless in spreadsheets, noted in the audit trail.

Rows come newest first, whatever the list is sorted by: each piece goes on where the one before ended, so that
neither the memory nor the database has ever more than a piece at a time. Times are in UTC.
"""

import csv
import html
import io
import json
from collections.abc import Callable, Iterator, Sequence
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

from django.contrib.admin.options import ModelAdmin
from django.contrib.admin.utils import label_for_field, lookup_field
from django.contrib.admin.views.main import ChangeList
from django.core.exceptions import FieldDoesNotExist
from django.db.models import Field, Model, QuerySet
from django.http import HttpRequest, StreamingHttpResponse
from django.utils import timezone
from django.utils.encoding import force_str
from django.utils.html import strip_tags
from django.utils.translation import get_language, override

from mcp_gateway.audit import record_by
from mcp_gateway.fields import EncryptedTextField, mask
from mcp_gateway.principal import Principal
from mcp_gateway.staff_admin.paging import slice_of
from mcp_gateway.staff_admin.visibility import only_company

PIECE = 500
# A spreadsheet takes a cell that begins with one of these for a formula.
FORMULA_STARTS = ("=", "+", "-", "@", "\t", "\r")
BYTE_ORDER_MARK = "\ufeff"

Column = Callable[[Model], Any]


def response(request: HttpRequest, model_admin: ModelAdmin, shown: ChangeList) -> StreamingHttpResponse:
    """The file. `bom` in the form asks for a byte order mark, by which Excel knows UTF-8."""
    language = get_language() or "en"
    names = model_admin.export_columns or [name for name in shown.list_display if name != "action_checkbox"]  # type: ignore[attr-defined]
    headings = [label_for_field(name, shown.model, model_admin) for name in names]
    columns = [_column(name, model_admin) for name in names]
    _record(request, shown)
    pieces = _pieces(shown.queryset, headings, columns, language)
    lines = _with_mark(pieces) if request.POST.get("bom") else pieces
    file_name = f"{shown.opts.model_name}-{timezone.localdate():%Y-%m-%d}.csv"
    return StreamingHttpResponse(
        (line.encode() for line in lines),
        content_type="text/csv; charset=utf-8",
        headers={"Content-Disposition": f'attachment; filename="{file_name}"', "Cache-Control": "no-store"},
    )


def cell(value: Any, language: str) -> str:
    """The value as text for a spreadsheet; text that would be a formula gets an apostrophe before it."""
    if value is None:
        return ""
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, datetime):
        return value.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
    if isinstance(value, int):
        return str(value)
    if isinstance(value, float | Decimal):
        return str(value).replace(".", ",") if language == "de" else str(value)
    text = json.dumps(value, ensure_ascii=False) if isinstance(value, dict | list) else force_str(value)
    return f"'{text}" if text.startswith(FORMULA_STARTS) else text


def _with_mark(lines: Iterator[str]) -> Iterator[str]:
    yield BYTE_ORDER_MARK
    yield from lines


def _pieces(rows: QuerySet[Any], headings: Sequence[Any], columns: Sequence[Column], language: str) -> Iterator[str]:
    yield _lines([headings], language)
    newest_first = rows.order_by("-pk")
    piece = list(slice_of(newest_first, 0, PIECE))
    while piece:
        # The language is that of the request, which has ended by now.
        with override(language):
            lines = _lines([[column(row) for column in columns] for row in piece], language)
        yield lines
        piece = list(slice_of(newest_first.filter(pk__lt=piece[-1].pk), 0, PIECE))


def _lines(rows: Sequence[Sequence[Any]], language: str) -> str:
    text = io.StringIO()
    writer = csv.writer(text, delimiter=";" if language == "de" else ",")
    writer.writerows([cell(value, language) for value in row] for row in rows)
    return text.getvalue()


def _column(name: str, model_admin: ModelAdmin) -> Column:
    """How a row's cell is found: by the field itself, or the one that the list's column sorts by, or as shown."""
    method = getattr(model_admin, name, None)
    field = _field(model_admin.model, getattr(method, "admin_order_field", None) or name)
    if field is None:
        return lambda row: _plain(lookup_field(name, row, model_admin)[2])
    if isinstance(field, EncryptedTextField):
        return lambda row: mask(getattr(row, field.name))
    if field.choices:
        return lambda row: getattr(row, f"get_{field.name}_display")()
    return lambda row: getattr(row, field.name)


def _field(model: type[Model], name: Any) -> Field | None:
    try:
        found = model._meta.get_field(name.lstrip("-")) if isinstance(name, str) else None
    except FieldDoesNotExist:
        return None
    return found if isinstance(found, Field) else None


def _plain(value: Any) -> Any:
    """What a column shows, without its markup."""
    return html.unescape(strip_tags(value)).strip() if hasattr(value, "__html__") else value


def _record(request: HttpRequest, shown: ChangeList) -> None:
    """Before the first byte goes out: also an export that was broken off has taken place."""
    record_by(
        Principal.of_staff(request.user),
        action="list.exported",
        object_type=shown.model.__name__,
        object_id="",
        company_id=only_company(request),
        after={"rows": shown.queryset.order_by().count(), "filter": dict(sorted(shown.params.items()))},
    )

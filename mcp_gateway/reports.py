"""What may be read through `database`: each app registers its tables, reports and figures in its `reports.py`.

    register_table("appointments.Customer", columns=("id", "name"), search=customers_like)

    @report("calls_by_day")
    def calls_by_day(context: Context, first_day: date | None = None) -> list[DayOfCalls]:
        '''Calls of each day.'''

A report is described by its signature, as a method of a server is. It must ask for rows of `context.company` only.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from django.apps import apps
from django.db.models import Field, Model, Q
from django.utils.translation import gettext_noop
from pydantic import BaseModel

from mcp_gateway.errors import InvalidParams
from mcp_gateway.fields import EncryptedTextField
from mcp_gateway.registry import Access, Context, Function, MCPServer, Method, rpc

MAX_ROWS = 500
MAX_HITS = 50

# What somebody typed, as two conditions: rows that it names, and rows that contain it.
Search = Callable[[str], tuple[Q, Q]]

_TYPES = {
    "BigAutoField": "integer",
    "BooleanField": "boolean",
    "DateField": "date",
    "DateTimeField": "datetime",
    "DecimalField": "decimal",
    "ForeignKey": "integer",
    "JSONField": "json",
    "PositiveBigIntegerField": "integer",
    "PositiveIntegerField": "integer",
    "PositiveSmallIntegerField": "integer",
    "UUIDField": "uuid",
}


class Column(BaseModel):
    """A column that may be read; `choices` are the only values that a text has, where there are such."""

    name: str
    type: str
    nullable: bool
    choices: list[str]


class TableSchema(BaseModel):
    name: str
    searchable: bool
    columns: list[Column]


class ReportSchema(BaseModel):
    """A report by name; `parameters` is a JSON Schema."""

    name: str
    description: str
    parameters: dict[str, Any]


class Schema(BaseModel):
    tables: list[TableSchema]
    reports: list[ReportSchema]


class ReportResult(BaseModel):
    """`truncated`: there are more rows than the limit."""

    report: str
    rows: list[dict[str, Any]]
    truncated: bool


class Hit(BaseModel):
    """A row that was found; `exact`: the text names it, as a whole phone number or id does."""

    table: str
    exact: bool
    row: dict[str, Any]


@dataclass(frozen=True)
class Table:
    """Columns of a model that has a `company`; a path such as `service__name` leads over relations."""

    model: type[Model]
    columns: tuple[str, ...]
    search: Search | None

    @property
    def name(self) -> str:
        return self.model._meta.db_table

    @property
    def schema(self) -> TableSchema:
        columns = [_column(self.model, path) for path in self.columns]
        return TableSchema(name=self.name, searchable=self.search is not None, columns=columns)

    def hits(self, company: Any, condition: Q, *, exact: bool) -> list[Hit]:
        rows = self.model._default_manager.filter(condition, company=company).order_by("-pk")
        found = rows.values(*self.columns)[:MAX_HITS]
        return [Hit(table=self.name, exact=exact, row=_plain(row)) for row in found]


class _Reports(MCPServer):
    """Makes a registered function a method: parameters, their validation and the result come from its signature."""

    name = "report"


_tables: dict[str, Table] = {}
_reports: dict[str, Method] = {}
_server = _Reports()


def register_table(label: str, *, columns: Sequence[str], search: Search | None = None) -> None:
    """Allow these columns to be read; raises ValueError for an encrypted one."""
    table = Table(apps.get_model(label), tuple(columns), search)
    for path in table.columns:
        if isinstance(_field(table.model, path), EncryptedTextField):
            raise ValueError(f"{label}.{path} is a secret")
    _tables[table.name] = table


def report(name: str) -> Callable[[Function], Function]:
    """Register a report. It returns a list of pydantic models, of which callers get at most MAX_ROWS."""

    def register(function: Function) -> Function:
        if name in _reports:
            raise ValueError(f"Two reports are called {name}")
        marked: Any = rpc(name, Access.READ, needs_company=False)(function)
        _reports[name] = Method(_server, marked.declaration, marked)
        return function

    return register


def schema() -> Schema:
    """Everything that was registered, by name."""
    return Schema(
        tables=[_tables[name].schema for name in sorted(_tables)],
        reports=[_report_schema(name, _reports[name]) for name in sorted(_reports)],
    )


def run(context: Context, name: str, parameters: Mapping[str, Any], limit: int) -> ReportResult:
    """Run a report; raises InvalidParams that names the known reports, or each wrong parameter."""
    if name not in _reports:
        raise InvalidParams(gettext_noop("There is no such report"), known=sorted(_reports))
    method = _reports[name]
    rows = method.function(context, **method.validated(parameters))
    limit = min(limit, MAX_ROWS)
    return ReportResult(
        report=name, rows=method.result.dump_python(rows[:limit], mode="json"), truncated=len(rows) > limit
    )


def search(company: Any, text: str, tables: Sequence[str], limit: int) -> list[Hit]:
    """Rows of the company that the text names, then those that contain it; raises InvalidParams."""
    wanted = [(table, table.search(text)) for table in _chosen(tables) if table.search]
    exact = [hit for table, (named, _) in wanted for hit in table.hits(company, named, exact=True)]
    similar = [hit for table, (named, like) in wanted for hit in table.hits(company, like & ~named, exact=False)]
    return (exact + similar)[: min(limit, MAX_HITS)]


def _chosen(names: Sequence[str]) -> list[Table]:
    known = {name: table for name, table in sorted(_tables.items()) if table.search}
    if unknown := set(names) - set(known):
        raise InvalidParams(f"Not searchable: {', '.join(sorted(unknown))}", known=list(known))
    return [table for name, table in known.items() if not names or name in names]


def _report_schema(name: str, method: Method) -> ReportSchema:
    return ReportSchema(name=name, description=method.description, parameters=method.parameters.model_json_schema())


def _field(model: type[Model], path: str) -> Field:
    *relations, last = path.split("__")
    for relation in relations:
        model = model._meta.get_field(relation).related_model  # type: ignore[assignment]
    field: Field = model._meta.get_field(last)  # type: ignore[assignment]
    return field


def _column(model: type[Model], path: str) -> Column:
    field = _field(model, path)
    # Over an empty relation there is no value either.
    relations = path.split("__")[:-1]
    nullable = field.null or any(_field(model, "__".join(relations[: n + 1])).null for n in range(len(relations)))
    choices = [str(value) for value, _ in field.flatchoices]
    return Column(name=path, type=_TYPES.get(field.get_internal_type(), "text"), nullable=nullable, choices=choices)


def _plain(row: Mapping[str, Any]) -> dict[str, Any]:
    """Decimals as numbers: pydantic would make strings of them."""
    return {name: float(value) if isinstance(value, Decimal) else value for name, value in row.items()}

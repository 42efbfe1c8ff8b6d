"""`manage.py mcp_methods`: everything that can be called through the gateway, from the registry itself."""

import json
from argparse import ArgumentParser
from collections.abc import Iterable
from typing import Any

from django.core.management.base import BaseCommand

from mcp_gateway.registry import Method, registry

COLUMNS = ("method", "access", "company", "description")


class Command(BaseCommand):
    help = "List every method of the gateway: name, read or write, whether it needs a company, description."

    def add_arguments(self, parser: ArgumentParser) -> None:
        form = parser.add_mutually_exclusive_group()
        form.add_argument("--json", action="store_true", help="for programs; with the parameters as JSON Schema")
        form.add_argument("--markdown", action="store_true", help="for documents")

    def handle(self, *args: Any, **options: Any) -> None:
        methods = [method for _, method in sorted(registry.methods.items())]
        if options["json"]:
            self.stdout.write(json.dumps([_described(method) for method in methods], indent=2, ensure_ascii=False))
            return
        rows = [_row(method) for method in methods]
        for line in _markdown(rows) if options["markdown"] else _table(rows):
            self.stdout.write(line)


def _row(method: Method) -> tuple[str, ...]:
    company = "yes" if method.declaration.needs_company else "no"
    return method.name, method.declaration.access.value, company, " ".join(method.description.split())


def _described(method: Method) -> dict[str, Any]:
    needs_company = method.declaration.needs_company
    return {
        **dict(zip(COLUMNS, _row(method), strict=True)),
        "company": needs_company,
        "parameters": method.parameters.model_json_schema(),
    }


def _table(rows: list[tuple[str, ...]]) -> Iterable[str]:
    widths = [max(len(row[column]) for row in (COLUMNS, *rows)) for column in range(len(COLUMNS) - 1)]
    for row in (COLUMNS, *rows):
        yield "  ".join((*(f"{cell:{width}}" for cell, width in zip(row, widths, strict=False)), row[-1]))


def _markdown(rows: list[tuple[str, ...]]) -> Iterable[str]:
    yield f"| {' | '.join(COLUMNS)} |"
    yield f"|{' --- |' * len(COLUMNS)}"
    for name, *others in rows:
        yield f"| {' | '.join((f'`{name}`', *(cell.replace('|', chr(92) + '|') for cell in others)))} |"

"""`manage.py mcp_health`: what every server says of itself; for people, monitors and deployment scripts."""

import json
import sys
from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand

from mcp_gateway import health

EXIT_CODES = {"ok": 0, "degraded": 1, "down": 2}


class Command(BaseCommand):
    help = "Show the health of every server. Exit code 0: ok, 1: degraded, 2: down."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--json", action="store_true", help="for programs")

    def handle(self, *args: Any, **options: Any) -> None:
        report = health.overall()
        if options["json"]:
            self.stdout.write(json.dumps(report, indent=2))
        else:
            self._show(report)
        sys.exit(EXIT_CODES[report["status"]])

    def _show(self, report: dict[str, Any]) -> None:
        width = max((len(name) for name in report["servers"]), default=0)
        for name, verdict in report["servers"].items():
            self.stdout.write(f"{name:{width}}  {verdict['status']:8}  {verdict['reason']}".rstrip())
        self.stdout.write(f"\noverall: {report['status']}")

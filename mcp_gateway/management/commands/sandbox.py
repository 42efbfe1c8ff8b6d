"""`manage.py sandbox calcom --port 9001`: a vendor's stand-in on loopback, until Ctrl-C."""

import signal
from argparse import ArgumentParser
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand
from django.utils.module_loading import import_string

from mcp_gateway.sandbox import RunningSandbox


class Command(BaseCommand):
    help = "Run a vendor's sandbox on loopback. Its state lives in memory and ends with it."
    requires_system_checks: list[str] = []

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("vendor", choices=sorted(settings.SANDBOXES))
        parser.add_argument("--port", type=int, default=0, help="default: any free port")

    def handle(self, *args: Any, **options: Any) -> None:
        running = RunningSandbox(import_string(settings.SANDBOXES[options["vendor"]])(), port=options["port"])
        signal.signal(signal.SIGTERM, signal.default_int_handler)
        self.stdout.write(f"{options['vendor']} sandbox at {running.base_url}")
        self.stdout.flush()
        try:
            running.serve_forever()
        except KeyboardInterrupt:
            self.stdout.write("stopped")

"""`manage.py seed_demo --calls 200`: believable rows in every list, to look at the pages and to measure them."""

import time
from argparse import ArgumentParser
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError

from retell.seeding.companies import seed


class Command(BaseCommand):
    help = "Add made-up companies with services, customers, calls, appointments, tasks, events, mails. DEBUG only."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--calls", type=int, default=200, help="how many calls to add; default 200")
        parser.add_argument("--companies", type=int, default=3, help="spread over how many companies; default 3")

    def handle(self, *args: Any, **options: Any) -> None:
        if not settings.DEBUG:
            raise CommandError("Made-up rows have no place among real ones: not in production (DEBUG off).")
        if options["calls"] < 0 or options["companies"] < 1:
            raise CommandError("There must be at least one company, and no fewer than no calls.")
        began = time.monotonic()
        seeded = seed(companies=options["companies"], calls=options["calls"], tell=self.stdout.write)
        self.stdout.write(f"{seeded.calls} calls in {seeded.companies} companies, {time.monotonic() - began:.1f} s")

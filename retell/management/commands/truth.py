"""`manage.py truth`: many random calls under random faults on real processes, and what came of them."""

import logging
import random
import signal
from argparse import ArgumentParser
from pathlib import Path
from tempfile import TemporaryDirectory, mkdtemp
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError

from retell.demo.processes import ProcessFailed
from retell.truth.run import Run


class Command(BaseCommand):
    help = "Prove it: random calls with random faults on real processes; exits 1 unless every column is 0."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--calls", type=int, default=300)
        parser.add_argument("--seed", type=int, help="the same seed draws the same plan; random by default")
        parser.add_argument("--minutes", type=float, default=25, help="how long all may take to come to rest")
        parser.add_argument("--no-faults", action="store_true", help="calls only, nothing goes wrong")
        parser.add_argument("--keep", action="store_true", help="keep the logs and mails of the processes")

    def handle(self, *args: Any, **options: Any) -> None:
        if not settings.DEBUG:
            raise CommandError("This kills processes and writes companies of its own: not in production (DEBUG off).")
        logging.disable(logging.ERROR)
        # A polite end stops the processes too.
        signal.signal(signal.SIGTERM, signal.default_int_handler)
        seed = random.randrange(1_000_000) if options["seed"] is None else options["seed"]  # noqa: S311
        run = Run(
            calls=options["calls"],
            seed=seed,
            minutes=options["minutes"],
            with_faults=not options["no_faults"],
            write=self.stdout.write,
        )
        try:
            failures = self._run(run, keep=options["keep"])
        except ProcessFailed as error:
            raise CommandError(str(error)) from error
        except KeyboardInterrupt:
            raise CommandError("Stopped.") from None
        if failures:
            raise SystemExit(1)

    def _run(self, run: Run, *, keep: bool) -> int:
        if keep:
            folder = Path(mkdtemp(prefix="truth-"))
            self.stdout.write(f"Logs and mails are in {folder}")
            return run(folder)
        with TemporaryDirectory(prefix="truth-", ignore_cleanup_errors=True) as name:
            return run(Path(name))

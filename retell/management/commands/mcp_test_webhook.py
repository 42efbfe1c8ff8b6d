"""`manage.py mcp_test_webhook --company=1`: whether Retell's webhooks would arrive, through the real URL."""

import json
import sys
from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from mcp_gateway.audit import record_by
from mcp_gateway.principal import Principal
from retell.models import RetellConfiguration
from retell.webhook_trial import WebhookTrial, try_webhook

NOTHING_TO_TEST = 2


class Command(BaseCommand):
    help = "Send a signed test event to each of a company's webhooks. Exit code 1: one fails, 2: nothing to test."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--company", type=int, required=True, help="id of the company")
        parser.add_argument("--agent", help="only this agent's webhook")
        parser.add_argument("--json", action="store_true", help="for programs")

    def handle(self, *args: Any, **options: Any) -> None:
        trials = [_tried(configuration) for configuration in _configurations(**options)]
        if options["json"]:
            self.stdout.write(
                json.dumps([{**trial.model_dump(), "passed": trial.passed} for trial in trials], indent=2)
            )
        else:
            for trial in trials:
                self._show(trial)
        if not all(trial.passed for trial in trials):
            sys.exit(1)

    def _show(self, trial: WebhookTrial) -> None:
        self.stdout.write(f"{trial.agent_id}  {trial.url}")
        self.stdout.write(f"  HTTP status  {trial.http_status or 'no answer'}")
        self.stdout.write(f"  time         {trial.duration_ms} ms")
        self.stdout.write(f"  stored as    {f'event {trial.event_id}' if trial.event_id else 'nothing'}")
        self.stdout.write(f"  outcome      {trial.outcome}")


def _tried(configuration: RetellConfiguration) -> WebhookTrial:
    before = configuration.last_test_outcome
    trial = try_webhook(configuration)
    record_by(
        Principal.of_task("mcp_test_webhook"),
        action="retell.webhook_tested",
        object_type="RetellConfiguration",
        object_id=configuration.pk,
        company_id=configuration.company_id,
        before={"last_test_outcome": before},
        after={"last_test_outcome": trial.outcome},
    )
    return trial


def _configurations(**options: Any) -> list[RetellConfiguration]:
    rows = RetellConfiguration.objects.select_related("company").filter(
        company=options["company"], company__is_active=True
    )
    if options["agent"]:
        rows = rows.filter(agent_id=options["agent"])
    if not (found := list(rows)):
        raise CommandError("There is no such active company, or it has no such agent.", returncode=NOTHING_TO_TEST)
    return found

"""`manage.py webhook_replay`: have settled webhook events worked on once more, after a look at how many they are."""

from argparse import ArgumentParser, ArgumentTypeError
from collections import Counter
from datetime import datetime
from typing import Any

from django.core.management.base import BaseCommand, CommandError
from django.db.models import QuerySet
from django.utils import timezone
from django.utils.dateparse import parse_date, parse_datetime

from mcp_gateway import inbox
from mcp_gateway.errors import Conflict, NotFound
from mcp_gateway.models import AuditEntry, WebhookEvent
from mcp_gateway.principal import Principal

State = WebhookEvent.State
LIMIT = 100
REASON_LENGTH = AuditEntry._meta.get_field("reason").max_length or 0


class Command(BaseCommand):
    help = "Work on settled webhook events once more, here and now, the oldest first. Say which, and why."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--id", type=int, action="append", help="id of an event; repeatable")
        parser.add_argument("--state", choices=sorted(inbox.SETTLED), help="only events that ended so")
        parser.add_argument("--provider", help="only this vendor's events, such as retell")
        parser.add_argument("--company", type=int, help="id of the only company whose events are meant")
        parser.add_argument("--since", type=_instant, help="only events received since then: 2026-11-23 or ISO time")
        parser.add_argument("--reason", default="", help="for the audit trail; needed unless --dry-run")
        parser.add_argument("--dry-run", action="store_true", help="only say what would be replayed")
        parser.add_argument("--limit", type=int, default=LIMIT, help=f"at most so many; default {LIMIT}")

    def handle(self, *args: Any, **options: Any) -> None:
        dry_run, reason = options["dry_run"], options["reason"].strip()
        rows = _chosen(**options)
        events = list(rows.values_list("pk", flat=True)[: options["limit"]])
        if not dry_run and not 0 < len(reason) <= REASON_LENGTH:
            raise CommandError(f"Say why, in at most {REASON_LENGTH} characters: --reason='Cal.com was down'")
        self.stdout.write(f"{len(events)} of {rows.count()} events to replay")
        outcomes = Counter(self._replay(event_id, reason, dry_run=dry_run) for event_id in events)
        if not dry_run:
            counts = ", ".join(f"{outcomes[word]} {word}" for word in ("done", "skipped", "failed"))
            self.stdout.write(counts)
        if outcomes["failed"]:
            raise CommandError("Some events failed again: queue.getJobDetails tells why.", returncode=2)

    def _replay(self, event_id: int, reason: str, *, dry_run: bool) -> str:
        by = Principal.of_task("webhook_replay")
        try:
            before = inbox.replay(event_id, reason=reason, by=by, dry_run=dry_run, rings=False)
        except (Conflict, NotFound) as refusal:
            self.stdout.write(f"{event_id}: skipped, {refusal.message}")
            return "skipped"
        state = None if dry_run else inbox.process(event_id)
        what = f"{before.provider} {before.event} of company {before.company_id}, {before.state}"
        self.stdout.write(f"{event_id}: {what}" + ("" if dry_run else f" → {state or 'taken by a worker'}"))
        return _outcome(state)


def _chosen(**options: Any) -> QuerySet[WebhookEvent]:
    """Events that the options name, the oldest first; raises CommandError when they name none."""
    named = {
        "pk__in": options["id"],
        "state": options["state"],
        "provider": options["provider"],
        "company": options["company"],
        "received_at__gte": options["since"],
    }
    conditions = {name: value for name, value in named.items() if value is not None}
    if not conditions:
        raise CommandError("Say which events: --id, --state, --provider, --company or --since.")
    if options["limit"] < 1:
        raise CommandError("--limit must be 1 or more.")
    rows = WebhookEvent.objects.filter(**conditions)
    if options["id"] is None:
        rows = rows.filter(state__in=inbox.SETTLED)
    return rows.order_by("received_at", "pk")


def _outcome(state: WebhookEvent.State | None) -> str:
    """Skipped: another worker was quicker. Failed: also an event that is tried again later."""
    if state is None:
        return "skipped"
    return "done" if state in (State.DONE, State.IGNORED) else "failed"


def _instant(text: str) -> datetime:
    """A moment as ISO text; without a zone, in the server's own."""
    try:
        day, moment = parse_date(text), parse_datetime(text)
    except ValueError:
        day = moment = None
    if moment is None and day is not None:
        moment = datetime.combine(day, datetime.min.time())
    if moment is None:
        raise ArgumentTypeError(f"{text} is neither a day nor a time such as 2026-11-23T08:00+01:00")
    return moment if timezone.is_aware(moment) else timezone.make_aware(moment)

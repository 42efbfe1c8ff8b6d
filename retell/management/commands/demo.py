"""`manage.py demo`: a whole phone call on this machine, from the ring to the booking; `--stay` keeps it up."""

import json
import logging
import secrets
import signal
import time
from argparse import ArgumentParser
from datetime import datetime
from typing import Any

from django.conf import settings
from django.contrib.auth import get_user_model
from django.core.management.base import BaseCommand, CommandError

from appointments.models import Company, Service
from retell.demo.call import DemoFailed, Outcome, free_start, play, script, wait_for_booking
from retell.demo.company import set_up_company
from retell.demo.installation import Installation, start
from retell.demo.processes import Processes, ProcessFailed

STAY_PORT = 8000
USER_NAME = "demo"


class Command(BaseCommand):
    help = "Play a whole phone call against the sandboxes: collect, call ended, Cal.com booking, local records."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--stay", action="store_true", help="keep everything up until Ctrl-C")

    def handle(self, *args: Any, **options: Any) -> None:
        if not settings.DEBUG:
            raise CommandError("The demo writes a demo company and opens loopback URLs: not in production (DEBUG off).")
        logging.disable(logging.INFO)
        # A polite end stops the processes too.
        signal.signal(signal.SIGTERM, signal.default_int_handler)
        self.began = time.monotonic()
        try:
            with Processes() as processes:
                installation = start(processes, web_port=STAY_PORT if options["stay"] else 0)
                self._step("sandboxes, web server and worker are up")
                company = set_up_company(
                    installation.vendors, slug="demo", name="Salon Beispiel", phone_number="+493012345678"
                )
                self._step(f"company {company.name} is set up here, at Retell and at Cal.com")
                calling = self._play_a_call(processes, installation, company)
                if options["stay"]:
                    self._stay(processes, installation, calling)
        except (DemoFailed, ProcessFailed) as error:
            raise CommandError(str(error)) from error
        except KeyboardInterrupt:
            pass
        self._step("everything is stopped")

    def _play_a_call(self, processes: Processes, installation: Installation, company: Company) -> dict[str, Any]:
        service = company.services.get(name="Herrenhaarschnitt")
        start = free_start(company, service)
        calling = script(company, service, start)
        self._step(f"{calling['from_number']} calls: {calling['script'][0]['user']}")
        report = play(installation.vendors, calling)
        self._show_call(report)
        outcome = wait_for_booking(
            installation.vendors, company, report["call_id"], check=lambda: processes.check("worker")
        )
        self._show_booking(outcome, company, service, start)
        return calling

    def _show_call(self, report: dict[str, Any]) -> None:
        for step in (report["inbound"], *report["steps"]):
            body = step["body"]
            said = f": {_said(body)}" if isinstance(body, dict) else ""
            self._step(f"{step['what']} → {step['status']} in {step['ms']:.0f} ms{said}")

    def _show_booking(self, outcome: Outcome, company: Company, service: Service, wanted: datetime) -> None:
        appointment, booking = outcome.appointment, outcome.booking
        if appointment.starts_at != wanted:
            raise DemoFailed(f"The caller asked for {wanted}, the appointment is at {appointment.starts_at}.")
        self._step("booked")
        local = appointment.starts_at.astimezone(company.zone)
        customer = appointment.customer
        self.stdout.write(f"""
  in Cal.com   booking {booking["uid"]}, {booking["status"]}, starts {booking["start"]}
  in database  appointment {appointment.pk}, {appointment.status}, uid {appointment.calcom_booking_uid}
               {service.name} on {local:%d.%m.%Y at %H:%M} ({company.timezone}), as the caller asked
               customer {customer and customer.pk}: {customer}, {customer and customer.phone}
               call {appointment.call and appointment.call.call_id}, {appointment.call and appointment.call.status}
""")

    def _stay(self, processes: Processes, installation: Installation, calling: dict[str, Any]) -> None:
        password = secrets.token_urlsafe(9)
        user, _ = get_user_model().objects.get_or_create(
            username=USER_NAME, defaults={"is_staff": True, "is_superuser": True}
        )
        user.set_password(password)
        user.save()
        again = {**calling, "call_id": "", "script": [calling["script"][-1]]}
        again["script"][0]["args"] |= {"date": "nächsten Mittwoch", "time": "11 Uhr"}
        self.stdout.write(f"""
Admin      {installation.vendors.app_url}/admin/   log in as {USER_NAME} with {password}
Another    curl -s {installation.vendors.retell_url}/_sandbox/calls -H 'Content-Type: application/json' \\
call         -d '{json.dumps(again, ensure_ascii=False)}'
Logs       {processes.log_dir}
Ctrl-C stops everything.
""")
        while True:
            for name in processes.running:
                processes.check(name)
            time.sleep(1)

    def _step(self, what: str) -> None:
        self.stdout.write(f"{time.monotonic() - self.began:7.2f} s  {what}")
        self.stdout.flush()


def _said(body: dict[str, Any]) -> str:
    """What the step told the agent: the sentence for the caller, or what it knows before the first word."""
    if "message" in body:
        return str(body["message"])
    variables = body.get("call_inbound", {}).get("dynamic_variables", {})
    return f"{variables.get('company_name')}, {variables.get('today')}"

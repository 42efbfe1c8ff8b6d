"""Playing the plan: several stories at once, each scene after the one before has settled, with its faults."""

import threading
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field
from queue import SimpleQueue

import requests
from django.db import close_old_connections

from appointments.models import Company
from retell.truth.control import Control
from retell.truth.draining import has_settled
from retell.truth.plan import Act, Deed, Echo, Plan, PlannedCall, Story
from retell.truth.record import Conversation, Done
from retell.truth.scripts import Scripts
from retell.truth.trouble import Trouble

CALLS_AT_ONCE = 8
# Most stories wait for their first call to settle; those don't count as playing.
STORIES_AT_ONCE = 40
# Whoever rings again does not wait until a lost end of the call before has been found out.
SETTLED_SECONDS = 180.0
LOOK_SECONDS = 0.5


@dataclass
class Stage:
    """`told` is called after each call."""

    scripts: Scripts
    control: Control
    trouble: Trouble
    told: Callable[[], None]
    conversations: dict[int, Conversation] = field(default_factory=dict)
    done: list[Done] = field(default_factory=list)
    errors: list[str] = field(default_factory=list)

    def play(self, plan: Plan) -> None:
        self._playing = threading.Semaphore(CALLS_AT_ONCE)
        self._calls = {call.number: call for call in plan.calls}
        stories = SimpleQueue[Story | None]()
        for entry in (*plan.stories, *[None] * STORIES_AT_ONCE):
            stories.put(entry)
        # Whoever stops the run does not wait for them.
        threads = [threading.Thread(target=self._tell, args=[stories], daemon=True) for _ in range(STORIES_AT_ONCE)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()

    def _tell(self, stories: SimpleQueue[Story | None]) -> None:
        while (story := stories.get()) is not None:
            self._play_story(story)

    def _play_story(self, story: Story) -> None:
        before: list[str] = []
        for scene in story.scenes:
            self._wait_for(before)
            threads = [threading.Thread(target=self._act, args=[act], daemon=True) for act in scene]
            for thread in threads:
                thread.start()
            for thread in threads:
                thread.join()
            before += [self.scripts.call_id(act.number) for act in scene if isinstance(act, PlannedCall)]

    def _wait_for(self, call_ids: list[str]) -> None:
        """Until these calls have settled, or somebody loses patience."""
        deadline = time.monotonic() + SETTLED_SECONDS
        while call_ids and time.monotonic() < deadline and not has_settled(call_ids):
            time.sleep(LOOK_SECONDS)
        close_old_connections()

    def _act(self, act: Act) -> None:
        time.sleep(act.after)
        try:
            with self._playing:
                match act:
                    case PlannedCall():
                        self._call(act)
                    case Deed():
                        self._do(act)
                    case Echo():
                        self.control.play(self.scripts.echo(self._calls[act.about]))
        except Exception as error:  # a run goes on, and tells of it in the end
            self.errors.append(f"{act}: {error!r}")

    def _call(self, call: PlannedCall) -> None:
        self.trouble.cause(call.faults)
        report = self.control.play(self.scripts.script(call))
        self.conversations[call.number] = self.scripts.conversation(call, report)
        self.told()

    def _do(self, deed: Deed) -> None:
        """What can't be done any more, because there is no such booking, is left undone."""
        with suppress(requests.HTTPError):
            company = self.scripts.companies[deed.firm]
            if deed.kind == "books":
                self._book(company, deed)
                return
            call_id = self.scripts.call_id(deed.about or 0)
            for booking in self.control.bookings():
                if booking.call_id == call_id and booking.is_live:
                    self._change(company, deed, booking.uid)

    def _book(self, company: Company, deed: Deed) -> None:
        """On the web page, by somebody who was offered the time."""
        service = company.services.get(name="Herrenhaarschnitt")
        assert deed.slot is not None
        assert service.calcom_event_type_id is not None
        start = self.scripts.starts_at(deed.firm, deed.slot)
        live = [one for one in self.control.bookings() if one.is_live]
        event_types = set(company.services.values_list("calcom_event_type_id", flat=True))
        if not any(one.event_type_id in event_types and one.start <= start < one.end for one in live):
            made = self.control.book(service.calcom_event_type_id, start)
            self.done.append(Done(deed=deed, uid=made["uid"], starts_at=start))

    def _change(self, company: Company, deed: Deed, uid: str) -> None:
        if deed.kind in ("confirms", "declines"):
            self.control.answer(company, uid, deed.kind.removesuffix("s"))
            self.done.append(Done(deed=deed, uid=uid))
        elif deed.kind == "cancels":
            self.control.change(uid, "cancel", {"reason": "ill"})
            self.done.append(Done(deed=deed, uid=uid))
        elif deed.slot is not None:
            start = self.scripts.starts_at(deed.firm, deed.slot)
            moved = self.control.change(uid, "reschedule", {"start": start.isoformat(), "reason": "double shift"})
            self.done.append(Done(deed=deed, uid=uid, new_uid=moved["uid"], starts_at=start))

"""Cal.com's API v2 with one company's key: the right version for each path, times in UTC, one type of error.

Nothing is repeated here, and nobody but the MCP server should use it: calls belong through the gateway.
"""

import logging
import math
from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from http import HTTPStatus
from time import monotonic
from typing import Any, Generic, TypeVar
from urllib.parse import quote

import requests
from pydantic import ValidationError

from appointments.phones import to_e164
from calcom.budget import MAX_WAIT_SECONDS, KeyBudget
from calcom.errors import CalcomError, ErrorKind, TooManyBookings, error_of_answer, error_of_failure
from calcom.types import LIVE, Account, Answer, Booking, EventType, Instant, NewBooking, Reservation, Status
from mcp_gateway import connections
from mcp_gateway.outbound import correlation_header, session

logger = logging.getLogger(__name__)

CONNECT_SECONDS = 2.0
READ_SECONDS = 5.0
# Cal.com answers a booking only after calendars, conferences, mails and webhooks.
WRITE_SECONDS = 25.0

# By the first part of the path; a missing header means Cal.com's oldest version. What isn't here needs none.
VERSIONS = {"bookings": "2024-08-13", "slots": "2024-09-04", "event-types": "2024-06-14"}

MAX_METADATA_KEY = 40
MAX_METADATA_VALUE = 500

PAGE = 250
MAX_PAGES = 4

RESERVATIONS = "/v2/slots/reservations"

Data = TypeVar("Data")
Parsed = TypeVar("Parsed", bound=Answer)


class Pagination(Answer):
    has_next_page: bool = False


class Envelope(Answer, Generic[Data]):
    """Every success; the slots' one has been seen without a `status`."""

    data: Data
    pagination: Pagination = Pagination()


class Slot(Answer):
    start: Instant


class ReservedSlot(Answer):
    """The uid has been seen under both names, and as null."""

    reservation_uid: str = ""
    uid: str = ""
    reservation_until: Instant


class CalcomClient:
    """Every method raises CalcomError.

    `timeout` (seconds) replaces the usual patience for callers with a budget. `seconds_left` is asked before each
    request, which never takes longer than that, however the answer comes in; what it raises goes through.

    Every request counts on the key's budget (`calcom.budget`). Where that is used up, `is_urgent` ones are refused at
    once, others wait as long as they can and still have their usual time; a `timeout` leaves none for that.
    """

    def __init__(
        self,
        base_url: str,
        api_key: str,
        *,
        timeout: float | None = None,
        seconds_left: Callable[[], float] = lambda: math.inf,
        is_urgent: bool = True,
    ) -> None:
        self.base_url = base_url.rstrip("/")
        self.api_key = api_key.strip()
        self.timeout = timeout
        self.seconds_left = seconds_left
        self.is_urgent = is_urgent
        self.budget = KeyBudget(self.api_key, is_urgent=is_urgent)

    def me(self) -> Account:
        return self._get(Envelope[Account], "/v2/me").data

    def event_types(self) -> list[EventType]:
        """The personal event types of the key's owner, hidden ones included."""
        return self._get(Envelope[list[EventType]], "/v2/event-types").data

    def free_starts(
        self, event_type_id: int, start: datetime, end: datetime, *, time_zone: str = "", moving_uid: str = ""
    ) -> list[datetime]:
        """Bookable starts in [start, end), ascending, in UTC. The booking `moving_uid` is in nobody's way."""
        query = {"eventTypeId": event_type_id, "start": _iso(start), "end": _iso(end)}
        if time_zone:
            query["timeZone"] = time_zone
        if moving_uid:
            query["bookingUidToReschedule"] = moving_uid
        days = self._get(Envelope[dict[str, list[Slot]]], "/v2/slots", query).data
        found = {slot.start for slots in days.values() for slot in slots}
        # Cal.com reads an end at midnight as the end of that day.
        return sorted(moment for moment in found if start <= moment < end)

    def reserve(self, event_type_id: int, start: datetime, minutes: int) -> Reservation:
        """Hide a time from those who look for a free one. Cal.com books there all the same."""
        body = {"eventTypeId": event_type_id, "slotStart": _iso(start)}
        try:
            return self._reserve({**body, "reservationDuration": minutes})
        except CalcomError as error:
            # How long is for the event type's owner to say; everybody else's reservations last five minutes.
            if error.kind is not ErrorKind.UNAUTHORISED:
                raise
            return self._reserve(body)

    def release(self, uid: str) -> None:
        """Give a reservation back; Cal.com takes one that it doesn't know for released."""
        path = f"{RESERVATIONS}/{quote(uid, safe='')}"
        self._call(Answer, requests.Request("DELETE", self.base_url + path), path, READ_SECONDS)

    def bookings(
        self,
        *,
        event_type_id: int | None = None,
        attendee_email: str = "",
        start: datetime | None = None,
        end: datetime | None = None,
        updated_after: datetime | None = None,
        status: Sequence[Status] = LIVE,
    ) -> list[Booking]:
        """Bookings that lie in [start, end], by start. More than four pages of them: TooManyBookings, not cut off."""
        asked = {
            "eventTypeId": event_type_id,
            "attendeeEmail": attendee_email,
            "afterStart": start and _iso(start),
            "beforeEnd": end and _iso(end),
            "afterUpdatedAt": updated_after and _iso(updated_after),
            "status": ",".join(status),
        }
        query = {name: value for name, value in asked.items() if value}
        found: list[Booking] = []
        for page in range(MAX_PAGES):
            answer = self._get(
                Envelope[list[Booking]],
                "/v2/bookings",
                {**query, "sortStart": "asc", "take": PAGE, "skip": page * PAGE},
            )
            found += answer.data
            if not answer.pagination.has_next_page:
                return found
        raise TooManyBookings(len(found))

    def booking(self, uid: str) -> Booking:
        return self._get(Envelope[Booking], f"/v2/bookings/{quote(uid, safe='')}").data

    def book(self, new: NewBooking) -> Booking:
        """For round robin and unconfirmed bookings Cal.com may answer with an older one of the same attendee."""
        attendee = {"name": new.name, "email": new.email, "timeZone": new.time_zone, "language": new.language}
        if new.phone and to_e164(new.phone) == new.phone:
            attendee["phoneNumber"] = new.phone
        body = {
            "eventTypeId": new.event_type_id,
            "start": _iso(new.start),
            "attendee": attendee,
            "metadata": _metadata(new.metadata),
        }
        if new.notes:
            body["bookingFieldsResponses"] = {"notes": new.notes}
        return self._post("/v2/bookings", body)

    def reschedule(self, uid: str, start: datetime, reason: str) -> Booking:
        """The new booking, which has a new uid."""
        body = {"start": _iso(start), "reschedulingReason": reason}
        return self._post(f"/v2/bookings/{quote(uid, safe='')}/reschedule", body)

    def cancel(self, uid: str, reason: str) -> Booking:
        """Cal.com asks the host, whose key this is, for a reason."""
        return self._post(f"/v2/bookings/{quote(uid, safe='')}/cancel", {"cancellationReason": reason})

    def confirm(self, uid: str) -> Booking:
        return self._post(f"/v2/bookings/{quote(uid, safe='')}/confirm", {})

    def _reserve(self, body: dict[str, Any]) -> Reservation:
        request = requests.Request("POST", self.base_url + RESERVATIONS, json=body)
        reserved = self._call(Envelope[ReservedSlot], request, RESERVATIONS, READ_SECONDS).data
        return Reservation(uid=reserved.reservation_uid or reserved.uid, until=reserved.reservation_until)

    def _get(self, envelope: type[Envelope[Data]], path: str, query: dict[str, Any] | None = None) -> Envelope[Data]:
        return self._call(envelope, requests.Request("GET", self.base_url + path, params=query), path, READ_SECONDS)

    def _post(self, path: str, body: dict[str, Any]) -> Booking:
        request = requests.Request("POST", self.base_url + path, json=body)
        return self._call(Envelope[Booking], request, path, WRITE_SECONDS).data

    def _call(self, answer: type[Parsed], request: requests.Request, path: str, seconds: float) -> Parsed:
        try:
            response = self._answer(request, path, self.timeout or seconds)
            parsed = self._parsed(answer, response)
        except CalcomError as error:
            # A read changes nothing, so there is nothing unknown about it.
            if request.method == "GET" and error.kind is ErrorKind.UNKNOWN_OUTCOME:
                error.kind = ErrorKind.UNREACHABLE
            # The path goes without its query, which may hold an e-mail address.
            logger.warning("Cal.com: %s %s: %s, request %s", request.method, path, error, error.x_request_id or "-")
            raise
        logger.info("Cal.com: %s %s: done, request %s", request.method, path, _request_id(response) or "-")
        return parsed

    def _answer(self, request: requests.Request, path: str, seconds: float) -> requests.Response:
        try:
            request.headers = self._headers(path)
            prepared = session().prepare_request(request)
        except ValueError:
            raise CalcomError(ErrorKind.REFUSED, "The stored address or key can't be part of a request.") from None
        over_at = monotonic() + self.seconds_left()
        patience = min(MAX_WAIT_SECONDS, over_at - monotonic() - seconds)
        standing = self.budget.take(0.0 if self.is_urgent or self.timeout else patience)
        response = self._sent(prepared, min(seconds, over_at - monotonic()))
        self.budget.learn(standing, response)
        return response

    def _sent(self, prepared: requests.PreparedRequest, seconds: float) -> requests.Response:
        if seconds <= 0:
            raise CalcomError(ErrorKind.UNREACHABLE)
        try:
            return connections.send(prepared, connect_seconds=min(CONNECT_SECONDS, seconds), total_seconds=seconds)
        except requests.RequestException as failure:
            raise error_of_failure(failure) from None

    def _headers(self, path: str) -> dict[str, str | bytes]:
        version = VERSIONS.get(path.split("/")[2])
        return {
            # As bytes, so that a key with other characters is noticed here and not on the wire.
            "Authorization": f"Bearer {self.api_key}".encode("ascii"),
            **correlation_header(),
            **({"cal-api-version": version} if version else {}),
        }

    def _parsed(self, answer: type[Parsed], response: requests.Response) -> Parsed:
        try:
            body = response.json()
        except ValueError:
            body = None
        is_success = response.status_code in (HTTPStatus.OK, HTTPStatus.CREATED)
        if not is_success or not isinstance(body, dict) or body.get("status") == "error":
            raise error_of_answer(response, body, secret=self.api_key)
        try:
            return answer.model_validate(body)
        except ValidationError:
            raise CalcomError(
                ErrorKind.UNKNOWN_OUTCOME,
                "The answer has an unknown form.",
                status=response.status_code,
                x_request_id=_request_id(response),
            ) from None


def _request_id(response: requests.Response) -> str:
    return response.headers.get("X-Request-Id", "")


def _iso(moment: datetime) -> str:
    """`2026-03-02T08:00:00.000Z`."""
    return moment.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def _metadata(given: dict[str, str]) -> dict[str, str]:
    """Within Cal.com's limits: what is longer is cut."""
    return {key[:MAX_METADATA_KEY]: value[:MAX_METADATA_VALUE] for key, value in given.items()}

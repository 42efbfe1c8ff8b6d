"""What a request to book must look like, before and after the event type is known."""

from typing import Any

from calcom.sandbox.errors import bad_request, zod_error
from calcom.sandbox.state import EventType
from calcom.sandbox.validation import (
    BOOLEAN,
    DATE,
    EMAIL_ADDRESS,
    INTEGER,
    LANGUAGES,
    LIST,
    METADATA,
    OBJECT,
    PHONE_NUMBER,
    STRING,
    STRINGS,
    TIME_ZONE,
    URL,
    Field,
    Shape,
    at_least,
    is_email,
    one_of,
    rule,
)
from calcom.sandbox.versions import HOST_FLAGS

# What a location of each type must carry beside its type.
LOCATION_DETAILS = {
    "address": None,
    "link": None,
    "phone": None,
    "organizersDefaultApp": None,
    "integration": "integration",
    "attendeePhone": "phone",
    "attendeeAddress": "address",
    "attendeeDefined": "location",
}


# Kinds of questions that are answered with text; of kinds that it doesn't know Cal.com takes any answer.
TEXT_KINDS = ("phone", "address", "text", "textarea", "url", "date")


def _is_location(value: Any) -> bool:
    """An object of a known type with its detail; a plain string is an old habit that still works."""
    if isinstance(value, str):
        return True
    if not isinstance(value, dict) or value.get("type") not in LOCATION_DETAILS:
        return False
    detail = LOCATION_DETAILS[value["type"]]
    return detail is None or isinstance(value.get(detail), str)


LOCATION = rule("validateLocation", "Validation failed for location: {property} is not a valid location", _is_location)
HAS_CONTACT = rule(
    "requireEmailOrPhone",
    "Attendee must have at least one contact method (email or phone number)",
    lambda attendee: bool(attendee.get("email") or attendee.get("phoneNumber")),
)
NAMES_EVENT_TYPE = rule(
    "requireEventTypeIdentification",
    "Either eventTypeId or eventTypeSlug + username or eventTypeSlug + teamSlug must be provided",
    lambda body: bool(
        body.get("eventTypeId")
        or (body.get("eventTypeSlug") and body.get("username"))
        or (body.get("eventTypeSlug") and body.get("teamSlug"))
    ),
)

ATTENDEE = Shape(
    {
        "name": Field((STRING,), required=True),
        "timeZone": Field((TIME_ZONE,), required=True),
        "phoneNumber": Field((PHONE_NUMBER,)),
        "language": Field((one_of(LANGUAGES),)),
        "email": Field((EMAIL_ADDRESS,)),
    },
    rules=(("attendee email or phone", HAS_CONTACT),),
)
CREATE_FIELDS = {
    "start": Field((DATE,), required=True),
    "attendee": Field(required=True, nested=ATTENDEE),
    "bookingFieldsResponses": Field((OBJECT,)),
    "eventTypeId": Field((INTEGER,)),
    "eventTypeSlug": Field((STRING,)),
    "username": Field((STRING,)),
    "teamSlug": Field((STRING,)),
    "organizationSlug": Field((STRING,)),
    "guests": Field((STRINGS, LIST)),
    "meetingUrl": Field((URL,)),
    "location": Field((LOCATION,)),
    "metadata": Field((METADATA, OBJECT)),
    "lengthInMinutes": Field((at_least(1), INTEGER)),
    "routing": Field((OBJECT,)),
    "emailVerificationCode": Field((STRING,)),
    "rrHostSubsetIds": Field((LIST,)),
    "recurrenceCount": Field((at_least(1), INTEGER)),
}
HOST_FLAG_FIELDS = {
    "allowConflicts": Field((BOOLEAN,)),
    "allowBookingOutOfBounds": Field((BOOLEAN,)),
    "skipBookingLimits": Field((BOOLEAN,)),
}
MOVERS_ADDRESS = rule(
    "customValidation", "Invalid rescheduledBy email format", lambda value: value == "" or is_email(value)
)
RESCHEDULE = Shape(
    {
        "start": Field((DATE,), required=True),
        "rescheduledBy": Field((MOVERS_ADDRESS,)),
        "reschedulingReason": Field((STRING,)),
        "emailVerificationCode": Field((STRING,)),
    }
)
MOVE_SEAT = Shape(
    {name: known for name, known in RESCHEDULE.fields.items() if name != "reschedulingReason"}
    | {"seatUid": Field((STRING,), required=True)}
)
CANCEL_SEAT = Shape({"seatUid": Field((STRING,), required=True), "cancellationReason": Field((STRING,))})
CANCEL = Shape({"cancellationReason": Field((STRING,)), "cancelSubsequentBookings": Field((BOOLEAN,))})


def create_shape(version: str) -> Shape:
    fields = CREATE_FIELDS | HOST_FLAG_FIELDS if version == HOST_FLAGS else CREATE_FIELDS
    return Shape(fields, rules=(("eventTypeId or eventTypeSlug + username", NAMES_EVENT_TYPE),))


def check_responses(body: dict[str, Any], event_type: EventType) -> None:
    """Required questions are answered, and answers are of their question's type."""
    if event_type.phone_required and not body["attendee"].get("phoneNumber"):
        raise bad_request(
            "Missing attendee phone number - it is required by the event type. Pass it as "
            '"attendee.phoneNumber" string in the request.'
        )
    answers = body.get("bookingFieldsResponses") or {}
    for question in event_type.booking_fields:
        _check_response(question, answers, event_type)


def _check_response(question: dict[str, Any], answers: dict[str, Any], event_type: EventType) -> None:
    slug = question["slug"]
    if slug not in answers:
        if question.get("required"):
            raise bad_request(
                f"Missing required booking field response: {slug} - it is required by the event type booking fields, "
                "but missing in the bookingFieldsResponses. You can fetch the event type with ID "
                f"{event_type.id} to see the required fields."
            )
        return
    # Null counts as an empty answer.
    answer = "" if answers[slug] is None else answers[slug]
    kind = question["type"]
    expected, fits = _expected_answer(kind, answer)
    if not fits:
        raise bad_request(
            f"Invalid type for booking field '{slug}'. Expected type {expected} (compatible with field type '{kind}'), "
            f"but received {_type_name(answer)}."
        )
    _check_options(question, answer)


def _expected_answer(kind: str, answer: Any) -> tuple[str, bool]:
    if kind in ("multiemail", "multiselect", "checkbox"):
        return "array", isinstance(answer, list)
    if kind == "boolean":
        return "boolean", isinstance(answer, bool)
    is_number = isinstance(answer, int | float) and not isinstance(answer, bool)
    if kind == "number":
        return "number", is_number
    if kind in ("select", "radio"):
        return "string or number", is_number or isinstance(answer, str)
    return "string", kind not in TEXT_KINDS or isinstance(answer, str)


def _type_name(answer: Any) -> str:
    names = {bool: "boolean", int: "number", float: "number", str: "string", list: "array"}
    return names.get(type(answer), "object")


def _check_options(question: dict[str, Any], answer: Any) -> None:
    options = question.get("options")
    if not options:
        return
    if isinstance(answer, list):
        if any(str(item) not in options for item in answer):
            raise bad_request(
                f"One or more invalid options for booking field '{question['slug']}'. Allowed options are: "
                f"{', '.join(options)}."
            )
    elif str(answer) not in options:
        raise bad_request(
            f"Invalid option '{answer}' for booking field '{question['slug']}'. Allowed options are: "
            f"{', '.join(options)}."
        )


def check_length(body: dict[str, Any], event_type: EventType) -> None:
    length = body.get("lengthInMinutes")
    if length is None:
        return
    if not event_type.length_options:
        raise bad_request(
            "Can't specify 'lengthInMinutes' because event type does not have multiple possible lengths. Please, "
            "remove the 'lengthInMinutes' field from the request."
        )
    if length not in event_type.length_options:
        lengths = ", ".join(map(str, event_type.length_options))
        raise bad_request(
            "Provided 'lengthInMinutes' is not one of the possible lengths for the event type. The possible lengths "
            f"are: {lengths}"
        )


def check_location(location: Any, event_type: EventType) -> None:
    """An object must be of a type that the event type offers."""
    if not isinstance(location, dict):
        return
    offered = [known["type"] for known in event_type.locations]
    if location["type"] not in offered:
        raise bad_request(
            f"Booking location with type {location['type']} not valid for event type with id={event_type.id}. The "
            f"event type has following location types: {', '.join(offered)}, and only these types are allowed for "
            "booking location."
        )


def check_core_schema(body: dict[str, Any], event_type: EventType) -> None:
    """What the API layer lets through and the booking core refuses."""
    for key, value in (body.get("metadata") or {}).items():
        if not isinstance(value, str):
            raise zod_error(f"metadata.{key}", f"Expected string, received {_type_name(value)}")
    if event_type.email_required and not event_type.email_hidden and not body["attendee"].get("email"):
        raise zod_error("responses", "{email}error_required_field")

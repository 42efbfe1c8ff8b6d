"""What an agent is told of its functions. From here they are put onto agents, and compared with what agents have."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

# Longer than the methods' own deadlines, so that an answer that takes long is still heard.
ASKS_CALENDAR_MS, ANSWERS_AT_ONCE_MS = 15_000, 12_000

OWN_WORDS: Final = (
    "Pass on the caller's own words for day and time, such as 'nächsten Dienstag' or 'halb drei': never compute a "
    "date. Leave out what the caller has not said."
)
SAY_MESSAGE: Final = "Then say what `message` says."
WHICH: Final = {
    "date": "The day that the appointment has now, in the caller's own words.",
    "time": "The time that it has now, in the caller's own words.",
    "service": "What was booked, in the caller's own words.",
}
LANGUAGE: Final = {"language": "The language that the caller speaks, such as German or English."}


@dataclass(frozen=True, kw_only=True)
class Definition:
    """One function. `parameters` tells of each by name; they are strings, but for the one that is a yes.

    `yes` is the parameter that only companies need which book while the caller waits. `meanwhile` tells what the
    agent is to say while the calendar is asked; without it the answer comes at once.
    """

    description: str
    parameters: Mapping[str, str]
    required: tuple[str, ...] = ()
    yes: str = ""
    meanwhile: str = ""


DEFINITIONS: Final[Mapping[str, Definition]] = {
    "collect_appointment_information": Definition(
        description=(
            "Notes what the caller wishes, looks whether the time is free, and keeps it for them. Call it again with "
            f"whatever changes, or with which of the offered times they take. {OWN_WORDS} {SAY_MESSAGE}"
        ),
        parameters={
            "name": "The caller's name, as they said it.",
            "date": "The day in the caller's own words, or which of the offered times ('the second one').",
            "time": "The time, in the caller's own words.",
            "service": "What they would like to book, in the caller's own words.",
            "notes": "What else the caller would like the business to know.",
            "email": "The caller's e-mail address, if they said one.",
            "confirmed": (
                "true only if the answer before was `confirmation_required` and the caller has said an explicit yes to "
                "what was read back. Else leave it out."
            ),
            **LANGUAGE,
        },
        yes="confirmed",
        meanwhile="Say briefly that you are looking into the calendar. Promise nothing.",
    ),
    "check_availability": Definition(
        description=(
            "Tells what is free on a day, in a part of it, in a week, or next. It keeps nothing: call "
            f"collect_appointment_information as soon as the caller chooses. {OWN_WORDS} {SAY_MESSAGE}"
        ),
        parameters={
            "date": "The day or days in the caller's own words ('next week', 'the next free one').",
            "time": "The time or part of the day, in the caller's own words ('in the afternoon', 'after four').",
            "service": "What they would like to book, in the caller's own words.",
            **LANGUAGE,
        },
        meanwhile="Say briefly that you are looking into the calendar. Promise nothing.",
    ),
    "change_appointment_details": Definition(
        description=(
            "Moves an appointment of the number that calls. Call it again with which of the offered times they take. "
            f"{OWN_WORDS} Only after the answer `changed` is it moved. {SAY_MESSAGE}"
        ),
        parameters={
            **WHICH,
            "new_date": "The day it is to have, in the caller's own words, or which of the offered times.",
            "new_time": "The time it is to have, in the caller's own words.",
            "reason": "Why, if the caller said so.",
            **LANGUAGE,
        },
        meanwhile="Say briefly that you are trying to move it. Do not say that it is moved.",
    ),
    "cancel_appointment": Definition(
        description=(
            f"Cancels an appointment of the number that calls, once the caller has clearly asked for that. {OWN_WORDS} "
            f"Only after the answer `cancelled` is it cancelled. {SAY_MESSAGE}"
        ),
        parameters={**WHICH, "reason": "Why, if the caller said so.", **LANGUAGE},
        meanwhile="Say briefly that you are trying to cancel it. Do not say that it is cancelled.",
    ),
    "find_appointments": Definition(
        description=f"Names the upcoming appointments of the number that calls. {SAY_MESSAGE}",
        parameters=LANGUAGE,
    ),
    "request_callback": Definition(
        description=(
            "Notes that somebody is to call the caller back: when they ask for it, or accept it when it is offered. "
            f"{SAY_MESSAGE}"
        ),
        parameters={
            "name": "The caller's name, as they said it.",
            "phone": "The number to call, only if it is not the one that they are calling from.",
            "reason": "What it is about.",
            "notes": "What else the caller would like the business to know.",
            **LANGUAGE,
        },
        required=("reason",),
    ),
}


def tool(name: str, url: str, *, books_during_call: bool) -> dict[str, Any]:
    """One function as a custom tool of Retell's. It is never retried: the model itself asks again."""
    definition = DEFINITIONS[name]
    made = {
        "type": "custom",
        "name": name,
        "description": definition.description,
        "url": url,
        "method": "POST",
        "args_at_root": False,
        "parameters": _schema(definition, books_during_call=books_during_call),
        "speak_during_execution": bool(definition.meanwhile),
        "speak_after_execution": True,
        "timeout_ms": ASKS_CALENDAR_MS if definition.meanwhile else ANSWERS_AT_ONCE_MS,
        "max_retry": 0,
    }
    return made | ({"execution_message_description": definition.meanwhile} if definition.meanwhile else {})


def _schema(definition: Definition, *, books_during_call: bool) -> dict[str, Any]:
    properties = {
        name: {"type": "boolean" if name == definition.yes else "string", "description": told}
        for name, told in definition.parameters.items()
        if books_during_call or name != definition.yes
    }
    return {"type": "object", "properties": properties, "required": list(definition.required)}

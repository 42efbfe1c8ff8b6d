"""Who would rather be called back."""

import pytest

from appointments.models import Company, FollowUp
from tests.appointments.talking import Conversation


def test_it_is_noted_for_staff(caller: Conversation) -> None:
    reply = caller.callback(reason="Frage zur Rechnung", name="Erika Beispiel")
    assert (reply.status, reply.message) == (
        "callback_noted",
        "Ich habe notiert, dass Sie zurückgerufen werden möchten.",
    )
    (row,) = caller.follow_ups()
    assert (row.kind, row.company, row.status) == (FollowUp.Kind.CALLBACK, caller.call.company, FollowUp.Status.OPEN)
    assert "Frage zur Rechnung" in row.what_to_do


def test_asked_for_twice_it_is_one_task(caller: Conversation) -> None:
    caller.callback(reason="Rechnung")
    caller.callback(reason="Rechnung")
    assert len(caller.follow_ups()) == 1


def test_what_is_added_opens_the_task_again(caller: Conversation) -> None:
    caller.callback(reason="Rechnung")
    FollowUp.objects.update(status=FollowUp.Status.DONE)
    caller.callback(reason="Gutschein")
    (row,) = caller.follow_ups()
    assert row.status == FollowUp.Status.OPEN
    assert "Rechnung" in row.what_to_do
    assert "Gutschein" in row.what_to_do


def test_a_hidden_caller_is_asked_for_the_number(hidden_caller: Conversation) -> None:
    reply = hidden_caller.callback()
    assert (reply.status, reply.message) == (
        "phone_required",
        "Das habe ich notiert. Unter welcher Nummer können wir Sie erreichen?",
    )


@pytest.mark.parametrize(
    ("number", "region", "noted"),
    [
        ("0151 12345678", "+493012345678", "+4915112345678"),
        ("0664 1234567", "+4315123456", "+436641234567"),
        ("+44 20 7946 0018", None, "+442079460018"),
    ],
)
def test_the_number_is_read_as_the_companys_country_writes_it(
    hidden_caller: Conversation, number: str, region: str | None, noted: str
) -> None:
    Company.objects.update(phone_number=region)
    assert hidden_caller.callback(phone=number).status == "callback_noted"
    assert noted in hidden_caller.follow_ups()[0].what_to_do


@pytest.mark.parametrize("number", ["None", "12", "{{user_number}}", "meine Nummer", None])
def test_what_is_no_number_is_asked_for_again(hidden_caller: Conversation, number: str | None) -> None:
    assert hidden_caller.callback(phone=number).status == "phone_required"


def test_the_callers_words_stay_within_bounds(caller: Conversation) -> None:
    for number in range(20):
        caller.callback(reason=f"{number} " + "x" * 5000)
    assert len(caller.follow_ups()[0].what_to_do) <= 4000

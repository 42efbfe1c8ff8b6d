"""Tasks for people about a call."""

import pytest

from appointments.follow_ups import call_back, review_call
from appointments.models import Call, Company, FollowUp
from tests.appointments.threads import at_once
from tests.factories import make_call


@pytest.mark.django_db(transaction=True)
def test_asked_ten_times_at_once_there_is_one_task(company: Company) -> None:
    call = make_call(company)
    at_once(10, lambda _: review_call(Call.objects.get(pk=call.pk), "Look at the call."))
    assert FollowUp.objects.count() == 1


@pytest.mark.django_db(transaction=True)
def test_whatever_is_asked_for_at_once_is_all_in_the_task(company: Company) -> None:
    call = make_call(company)
    at_once(5, lambda number: call_back(Call.objects.get(pk=call.pk), f"Reason {number}."))
    told = FollowUp.objects.get().what_to_do
    assert all(f"Reason {number}." in told for number in range(5))

"""A long list as CSV takes no more memory than a short one."""

import tracemalloc

import pytest
from django.test import Client
from django.urls import reverse

from appointments.models import Call, Company
from tests.mcp_gateway.staff_admin.conftest import As

ROWS = 10_000
# Two pieces of 500 rows take about 10 MiB as Python counts it, all the rows together a hundred.
MOST_BYTES = 20 * 1024 * 1024


@pytest.fixture
def operator_of_a_long_list(as_role: As, company: Company) -> Client:
    Call.objects.bulk_create(
        (
            Call(company=company, call_id=f"call_{number:027d}", disconnection_reason="x" * 80, agent_id="a" * 64)
            for number in range(ROWS)
        ),
        batch_size=500,
    )
    return as_role("operator")


def test_it_grows_by_a_piece_only(operator_of_a_long_list: Client) -> None:
    tracemalloc.start()
    response = operator_of_a_long_list.post(reverse("admin:appointments_call_export"))
    try:
        chunks = iter(response.streaming_content)  # type: ignore[call-overload]
        length = len(next(chunks)) + len(next(chunks))
        tracemalloc.reset_peak()
        length += sum(len(chunk) for chunk in chunks)
        _now, most = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert length > ROWS * 100
    assert most < MOST_BYTES

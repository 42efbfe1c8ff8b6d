"""What may be registered for reading, and what never."""

from typing import Any

import pytest

from mcp_gateway import reports
from mcp_gateway.registry import Context


def test_a_secret_column_is_refused() -> None:
    with pytest.raises(ValueError, match="is a secret"):
        reports.register_table("appointments.Company", columns=("id", "calcom_api_key"))


def test_a_secret_column_is_refused_over_a_relation_too() -> None:
    with pytest.raises(ValueError, match="is a secret"):
        reports.register_table("appointments.Service", columns=("company__calcom_api_key",))


def test_two_reports_of_one_name_are_refused() -> None:
    with pytest.raises(ValueError, match="Two reports"):

        @reports.report("calls_by_day")
        def again(context: Context) -> list[dict[str, Any]]:
            """Again."""
            return []

"""The roles of staff, as the migration makes them."""

import pytest
from django.contrib.auth.models import Group, User

from appointments.models import Company
from mcp_gateway import gateway
from mcp_gateway.errors import Forbidden
from mcp_gateway.principal import Principal

pytestmark = pytest.mark.django_db


def may(role: str) -> set[str]:
    rows = Group.objects.get(name=role).permissions.select_related("content_type")
    return {f"{row.content_type.app_label}.{row.codename}" for row in rows}


def member(role: str, company: Company) -> Principal:
    user = User.objects.create_user(role, is_staff=True)
    user.groups.add(Group.objects.get(name=role))
    company.staff.add(user)
    return Principal.of_staff(user)


def test_each_role_may_all_that_the_one_before_may() -> None:
    assert may("viewer") < may("operator") < may("admin")


def test_a_viewer_only_looks() -> None:
    assert {name.partition(".")[2].partition("_")[0] for name in may("viewer")} == {"view", "read"}


def test_nobodys_role_lets_change_who_may_what() -> None:
    assert not any(name.startswith("auth.") for name in may("admin"))


@pytest.mark.parametrize(
    ("role", "allowed"), [("viewer", False), ("operator", True), ("admin", True)], ids=lambda value: str(value)
)
def test_who_may_cancel_through_the_gateway(role: str, allowed: bool, company: Company) -> None:
    principal = member(role, company)
    with pytest.raises(Exception) as caught:  # noqa: PT011  (which one is the point)
        gateway.call("appointment_mgmt.cancelAppointment", {"appointment_id": 1, "reason": "x"}, principal=principal)
    assert isinstance(caught.value, Forbidden) is not allowed


def test_who_has_no_role_reads_nothing_of_the_business(company: Company) -> None:
    user = User.objects.create_user("new", is_staff=True)
    company.staff.add(user)
    with pytest.raises(Forbidden):
        gateway.call("appointment_mgmt.findAppointments", {"phone": "+4930123"}, principal=Principal.of_staff(user))

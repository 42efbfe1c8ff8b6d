"""Finding and making customers: by phone number within one company, and by nothing else."""

from typing import Any

from appointments.models import Company, Customer
from mcp_gateway.audit import record_by
from mcp_gateway.principal import Principal

BOOKING = Principal.of_task("booking")


def customer_for(
    company: Company, *, phone: str | None, name: str, email: str | None, language: str, by: Principal = BOOKING
) -> Customer:
    """The customer with this number, made if there is none; a hidden number always makes a new one.

    What is known is never overwritten by what a machine heard; only gaps are filled.
    """
    told = {"name": name, "email": email, "language": language}
    if phone is None:
        customer, is_new = Customer.objects.create(company=company, **told), True
    else:
        customer, is_new = Customer.objects.get_or_create(company=company, phone=phone, defaults=told)
    if is_new:
        _record(customer, "created", by, {**told, "phone": phone})
        return customer
    filled = [field for field, value in told.items() if value and not getattr(customer, field)]
    for field in filled:
        setattr(customer, field, told[field])
    if filled:
        customer.save(update_fields=[*filled, "updated_at"])
        _record(customer, "filled", by, {field: told[field] for field in filled})
    return customer


def _record(customer: Customer, what: str, by: Principal, told: dict[str, Any]) -> None:
    """Which columns got a value, not which value."""
    record_by(
        by,
        action=f"customer.{what}",
        object_type="Customer",
        object_id=customer.pk,
        company_id=customer.company_id,
        after={"filled": sorted(name for name, value in told.items() if value)},
    )

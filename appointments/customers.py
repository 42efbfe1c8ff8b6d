"""Finding and making customers: by phone number within one company, and by nothing else."""

from appointments.models import Company, Customer


def customer_for(company: Company, *, phone: str | None, name: str, email: str | None, language: str) -> Customer:
    """The customer with this number, made if there is none; a hidden number always makes a new one.

    What is known is never overwritten by what a machine heard; only gaps are filled.
    """
    if phone is None:
        return Customer.objects.create(company=company, name=name, email=email, language=language)
    customer, _ = Customer.objects.get_or_create(
        company=company, phone=phone, defaults={"name": name, "email": email, "language": language}
    )
    gaps = {"name": name, "email": email, "language": language}
    filled = [field for field, value in gaps.items() if value and not getattr(customer, field)]
    for field in filled:
        setattr(customer, field, gaps[field])
    if filled:
        customer.save(update_fields=[*filled, "updated_at"])
    return customer

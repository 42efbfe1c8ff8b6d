"""Everything the business keeps. Every row belongs to one company."""

from appointments.models.appointment import Appointment, FollowUp, Offer
from appointments.models.call import Call
from appointments.models.company import Company, Service
from appointments.models.customer import Customer

__all__ = ["Appointment", "Call", "Company", "Customer", "FollowUp", "Offer", "Service"]

"""A stand-in for Cal.com's API v2 as a real HTTP server: what Cal.com refuses, it refuses, in the same words.

A few refusals have words of our own, because no source shows the vendor's: a bearer that is no API key, somebody
else's booking or webhook, a yes or no to a booking that is over, a broken cursor, two statuses on a cursor page, a
malformed location. Not played: teams, organisations, recurring bookings, payments, OAuth, and of a booking's smaller
paths those for attendees, guests, references, recordings and handing it to another host.
"""

from calcom.sandbox.control import ControlRoutes
from calcom.sandbox.legacy import LegacyRoutes
from calcom.sandbox.slots import SlotRoutes
from calcom.sandbox.webhooks import WebhookRoutes

__all__ = ["CalcomSandbox"]


class CalcomSandbox(ControlRoutes, LegacyRoutes, SlotRoutes, WebhookRoutes):
    """Bookings, slots, event types, schedules, webhooks, and the control API under `/_sandbox/`."""

"""Webhooks: of a user, or of one event type."""

import ipaddress
import uuid
from typing import Any
from urllib.parse import urlsplit

from calcom.sandbox.account_routes import AccountRoutes
from calcom.sandbox.booking_list import to_number
from calcom.sandbox.core import number_in_path, success
from calcom.sandbox.delivery import VERSION
from calcom.sandbox.errors import ApiError, bad_request, forbidden, not_found
from calcom.sandbox.state import Account, EventType, Webhook
from calcom.sandbox.validation import (
    BOOLEAN,
    LIST,
    STRING,
    URL,
    Field,
    Shape,
    at_least,
    at_most,
    check_loosely,
    one_of,
    rule,
)
from mcp_gateway.sandbox import Reply, Request, route

TRIGGERS = [
    "BOOKING_CREATED",
    "BOOKING_RESCHEDULED",
    "BOOKING_REQUESTED",
    "BOOKING_CANCELLED",
    "BOOKING_REJECTED",
    "BOOKING_PAID",
    "BOOKING_PAYMENT_INITIATED",
    "BOOKING_NO_SHOW_UPDATED",
    "MEETING_STARTED",
    "MEETING_ENDED",
    "FORM_SUBMITTED",
    "FORM_SUBMITTED_NO_EVENT",
    "RECORDING_READY",
    "RECORDING_TRANSCRIPTION_GENERATED",
    "INSTANT_MEETING",
    "OOO_CREATED",
    "AFTER_HOSTS_CAL_VIDEO_NO_SHOW",
    "AFTER_GUESTS_CAL_VIDEO_NO_SHOW",
    "ROUTING_FORM_FALLBACK_HIT",
    "DELEGATION_CREDENTIAL_ERROR",
    "WRONG_ASSIGNMENT_REPORT",
]
MAX_TAKE = 250
TRIGGER_LIST = rule(
    "isEnum",
    f"each value in {{property}} must be one of the following values: {', '.join(TRIGGERS)}",
    lambda value: isinstance(value, list) and all(trigger in TRIGGERS for trigger in value),
)


def webhook_shape(*, required: bool) -> Shape:
    return Shape(
        {
            "subscriberUrl": Field((URL, STRING), required=required),
            "triggers": Field((TRIGGER_LIST, LIST), required=required),
            "active": Field((BOOLEAN,), required=required),
            "secret": Field((STRING,)),
            "payloadTemplate": Field((STRING,)),
            "version": Field((one_of([VERSION]),)),
        }
    )


NEW_WEBHOOK = webhook_shape(required=True)
CHANGED_WEBHOOK = webhook_shape(required=False)
PAGE = Shape({"take": Field((at_most(MAX_TAKE), at_least(1))), "skip": Field((at_least(0),))})
# Property on the wire: attribute here.
ATTRIBUTES = {
    "subscriberUrl": "subscriber_url",
    "triggers": "triggers",
    "active": "active",
    "secret": "secret",
    "payloadTemplate": "payload_template",
}


class WebhookRoutes(AccountRoutes):
    @route("POST", "/v2/webhooks")
    def create_webhook(self, request: Request) -> Reply:
        return self._create_webhook(request, self.known_caller(request), None)

    @route("GET", "/v2/webhooks")
    def list_webhooks(self, request: Request) -> Reply:
        return self._list_webhooks(request, self.known_caller(request), None)

    @route("GET", "/v2/webhooks/{webhook_id}")
    def get_webhook(self, request: Request, webhook_id: str) -> Reply:
        return success(webhook_output(self._own_webhook(request, webhook_id)))

    @route("PATCH", "/v2/webhooks/{webhook_id}")
    def update_webhook(self, request: Request, webhook_id: str) -> Reply:
        webhook = self._own_webhook(request, webhook_id)
        changes = check_loosely(self.body_of(request), CHANGED_WEBHOOK)
        url = changes.get("subscriberUrl", webhook.subscriber_url)
        if url != webhook.subscriber_url:
            self._check_url(url)
        for name, value in changes.items():
            if name in ATTRIBUTES:
                setattr(webhook, ATTRIBUTES[name], value)
        return success(webhook_output(webhook))

    @route("DELETE", "/v2/webhooks/{webhook_id}")
    def delete_webhook(self, request: Request, webhook_id: str) -> Reply:
        webhook = self._own_webhook(request, webhook_id)
        del self.state.webhooks[webhook.id]
        return success(webhook_output(webhook))

    @route("POST", "/v2/event-types/{event_type_id}/webhooks")
    def create_event_type_webhook(self, request: Request, event_type_id: str) -> Reply:
        caller = self.known_caller(request)
        event_type = self.own_event_type(number_in_path(event_type_id), caller)
        return self._create_webhook(request, caller, event_type)

    @route("GET", "/v2/event-types/{event_type_id}/webhooks")
    def list_event_type_webhooks(self, request: Request, event_type_id: str) -> Reply:
        caller = self.known_caller(request)
        event_type = self.own_event_type(number_in_path(event_type_id), caller)
        return self._list_webhooks(request, caller, event_type)

    @route("DELETE", "/v2/event-types/{event_type_id}/webhooks")
    def delete_event_type_webhooks(self, request: Request, event_type_id: str) -> Reply:
        caller = self.known_caller(request)
        event_type = self.own_event_type(number_in_path(event_type_id), caller)
        doomed = self._webhooks_of(caller, event_type)
        for webhook in doomed:
            del self.state.webhooks[webhook.id]
        return success(f"{len(doomed)} webhooks deleted")

    def _create_webhook(self, request: Request, caller: Account, event_type: EventType | None) -> Reply:
        body = check_loosely(self.body_of(request), NEW_WEBHOOK)
        self._check_url(body["subscriberUrl"])
        if any(known.subscriber_url == body["subscriberUrl"] for known in self._webhooks_of(caller, event_type)):
            owner = "event type" if event_type else "user"
            raise ApiError(409, f"Webhook with this subscriber url already exists for this {owner}")
        webhook = Webhook(
            id=str(uuid.uuid4()),
            account_id=caller.id,
            event_type_id=event_type.id if event_type else None,
            **{ATTRIBUTES[name]: value for name, value in body.items() if name in ATTRIBUTES},
        )
        self.state.webhooks[webhook.id] = webhook
        return success(webhook_output(webhook), status=201)

    def _list_webhooks(self, request: Request, caller: Account, event_type: EventType | None) -> Reply:
        query = check_loosely({name: to_number(text) for name, text in request.query.items()}, PAGE)
        skip, take = query.get("skip", 0), query.get("take", MAX_TAKE)
        found = self._webhooks_of(caller, event_type)[skip : skip + take]
        return success([webhook_output(webhook) for webhook in found])

    def _webhooks_of(self, account: Account, event_type: EventType | None) -> list[Webhook]:
        event_type_id = event_type.id if event_type else None
        return [
            webhook
            for webhook in self.state.webhooks.values()
            if webhook.account_id == account.id and webhook.event_type_id == event_type_id
        ]

    def _own_webhook(self, request: Request, webhook_id: str) -> Webhook:
        caller = self.known_caller(request)
        webhook = self.state.webhooks.get(webhook_id)
        if webhook is None:
            raise not_found(f"Webhook ({webhook_id}) not found.")
        if webhook.account_id != caller.id:
            raise forbidden(f"User ({caller.id}) is not the owner of the webhook ({webhook_id}).")
        return webhook

    def _check_url(self, url: str) -> None:
        """Cal.com refuses addresses inside a network; on one machine they are the only ones there are."""
        if not self.state.settings.allow_private_webhook_urls and is_private(urlsplit(url).hostname or ""):
            raise bad_request("Webhook URL is not allowed: Private IP address")


def is_private(host: str) -> bool:
    if host == "localhost":
        return True
    try:
        return not ipaddress.ip_address(host).is_global
    except ValueError:
        return False


def webhook_output(webhook: Webhook) -> dict[str, Any]:
    output: dict[str, Any] = {
        "id": webhook.id,
        "userId": webhook.account_id,
        "subscriberUrl": webhook.subscriber_url,
        "active": webhook.active,
        "triggers": webhook.triggers,
        "payloadTemplate": webhook.payload_template,
        "secret": webhook.secret,
    }
    if webhook.event_type_id is not None:
        output = {**output, "eventTypeId": webhook.event_type_id}
    return output

"""Forms of the pages on which staff book and change appointments."""

from datetime import UTC, datetime
from typing import Any
from uuid import uuid4
from zoneinfo import ZoneInfo

from django import forms
from django.core.exceptions import ValidationError
from django.db.models import QuerySet
from django.utils.translation import gettext_lazy as _

from appointments.models import Service
from appointments.phones import region_of, to_e164

MAX_REASON = 500


class ReasonForm(forms.Form):
    reason = forms.CharField(
        label=_("Reason"),
        max_length=MAX_REASON,
        widget=forms.Textarea({"rows": 3}),
        help_text=_("For colleagues; of a cancelled or moved booking, Cal.com tells it to the customer."),
    )

    def __init__(self, *args: Any, needs_reason: bool = True, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["reason"].required = needs_reason


class LocalStartForm(forms.Form):
    """A start as an instant, or as the clock on the company's wall shows it; what that clock skips is refused."""

    start = forms.CharField(
        label=_("Another time"),
        widget=forms.TextInput({"type": "datetime-local"}),
        help_text=_("On the company's clock."),
    )

    def __init__(self, *args: Any, zone: ZoneInfo, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.zone = zone

    def clean_start(self) -> datetime:
        try:
            start = datetime.fromisoformat(self.cleaned_data["start"])
        except ValueError:
            raise ValidationError(_("Write the time as 2026-11-26T14:30.")) from None
        if start.tzinfo is not None:
            return start.astimezone(UTC)
        earlier, later = (start.replace(tzinfo=self.zone, fold=fold) for fold in (0, 1))
        if earlier.utcoffset() == later.utcoffset():
            return earlier.astimezone(UTC)
        # What the clock skips does not come back as it went.
        if earlier.astimezone(UTC).astimezone(self.zone).replace(tzinfo=None) != start:
            raise ValidationError(_("There is no such time: the clocks go forward over it. Choose another."))
        raise ValidationError(_("This time comes twice: the clocks go back. Choose a free time from the list instead."))


class ServiceForm(forms.Form):
    """What is to be booked, of what the member of staff's companies offer."""

    service = forms.ModelChoiceField(label=_("Service"), queryset=Service.objects.none())
    day = forms.DateField(
        label=_("From"),
        required=False,
        widget=forms.DateInput({"type": "date"}, format="%Y-%m-%d"),
        help_text=_("The first day of the week to look at; empty: today."),
    )

    def __init__(self, *args: Any, services: QuerySet[Service], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        field = self.fields["service"]
        field.queryset = services  # type: ignore[attr-defined]
        field.label_from_instance = lambda service: f"{service.name} ({service.company.name})"  # type: ignore[attr-defined]


class BookingForm(forms.Form):
    """Who comes. `booking_key` makes of a form that is sent twice one booking."""

    name = forms.CharField(label=_("Name"), max_length=150)
    phone = forms.CharField(
        label=_("Phone"),
        max_length=40,
        required=False,
        widget=forms.TextInput({"type": "tel", "autocomplete": "off"}),
        help_text=_("By it the customer is known again, and the appointment is found when they call."),
    )
    email = forms.EmailField(
        label=_("E-mail"), required=False, help_text=_("Where Cal.com sends confirmations; empty: none are sent.")
    )
    notes = forms.CharField(
        label=_("Notes"),
        max_length=2000,
        required=False,
        widget=forms.Textarea({"rows": 3}),
        help_text=_("They go into the booking in Cal.com, too."),
    )
    booking_key = forms.UUIDField(widget=forms.HiddenInput, initial=uuid4)

    def __init__(self, *args: Any, service: Service, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.service = service

    def clean_phone(self) -> str | None:
        written = self.cleaned_data["phone"]
        number = to_e164(written, region=region_of(self.service.company.phone_number))
        if written and number is None:
            raise ValidationError(_("This is no phone number that can be called."))
        return number

"""Which of a company's services is which event type of its Cal.com account."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from django import forms
from django.db import transaction
from django.utils.translation import gettext as _

from appointments.models import Company, Service
from calcom.models import CalcomEventType
from mcp_gateway.audit import record_by
from mcp_gateway.lost_edits import NoLostEditsForm
from mcp_gateway.principal import Principal

NEW = "new"


@dataclass(frozen=True, kw_only=True)
class Linked:
    """A service that is an event type already."""

    service: Service
    aliases: forms.BoundField
    unlink: forms.BoundField


@dataclass(frozen=True, kw_only=True)
class Line:
    """One event type, as the table shows it."""

    event_type: CalcomEventType
    linked: list[Linked]
    add: forms.BoundField
    new_aliases: forms.BoundField


class MappingForm(NoLostEditsForm):
    """The whole table: each event type's services with their aliases, and one to be added to it."""

    def __init__(
        self, *args: Any, event_types: Sequence[CalcomEventType], services: Sequence[Service], **kwargs: Any
    ) -> None:
        super().__init__(*args, **kwargs)
        self.event_types = event_types
        self.services = {str(service.pk): service for service in services}
        known = {event_type.event_type_id for event_type in event_types}
        free = [service for service in services if service.calcom_event_type_id not in known]
        choices = [
            ("", "–"),
            *((str(service.pk), f"{service.name} ({service.duration_minutes} min)") for service in free),
            (NEW, _("make a service of it")),
        ]
        for event_type in event_types:
            self._add_fields(event_type, choices)

    def lines(self) -> list[Line]:
        return [
            Line(
                event_type=event_type,
                linked=[
                    Linked(service=service, aliases=self[f"aliases_{service.pk}"], unlink=self[f"unlink_{service.pk}"])
                    for service in self._linked(event_type)
                ],
                add=self[f"add_{event_type.pk}"],
                new_aliases=self[f"new_aliases_{event_type.pk}"],
            )
            for event_type in self.event_types
        ]

    def stored(self) -> dict[str, str]:
        """The linked services by their names: their event types, and the other words for them."""
        return {
            service.name: ": ".join(filter(None, (event_type.title, ", ".join(service.aliases))))
            for event_type in self.event_types
            for service in self._linked(event_type)
        }

    def clean(self) -> dict[str, Any]:
        super().clean()
        chosen = [name for event_type in self.event_types if (name := self._chosen(event_type)) not in ("", NEW)]
        for event_type in self.event_types:
            try:
                self._check(event_type, chosen)
            except forms.ValidationError as error:
                self.add_error(f"add_{event_type.pk}", error)
        return self.cleaned_data

    def links(self) -> list[tuple[Service, CalcomEventType | None, list[str]]]:
        """Every service that the table names, with its event type (None: none any more) and aliases."""
        found: list[tuple[Service, CalcomEventType | None, list[str]]] = []
        for event_type in self.event_types:
            for service in self._linked(event_type):
                is_off = self.cleaned_data[f"unlink_{service.pk}"]
                aliases = _words(self.cleaned_data[f"aliases_{service.pk}"])
                found.append((service, None if is_off else event_type, aliases))
            if chosen := self._chosen(event_type):
                aliases = _words(self.cleaned_data[f"new_aliases_{event_type.pk}"])
                service = self.services.get(chosen) or _service_of(event_type)
                found.append((service, event_type, aliases or service.aliases))
        return found

    def _add_fields(self, event_type: CalcomEventType, choices: list[tuple[str, str]]) -> None:
        title = event_type.title
        for service in self._linked(event_type):
            names = {"service": service.name}
            self.fields[f"aliases_{service.pk}"] = forms.CharField(
                label=_("Other words for %(service)s") % names,
                required=False,
                max_length=500,
                initial=", ".join(service.aliases),
            )
            self.fields[f"unlink_{service.pk}"] = forms.BooleanField(
                label=_("unlink %(service)s") % names, required=False
            )
        self.fields[f"add_{event_type.pk}"] = forms.ChoiceField(
            label=_("Service for %(title)s") % {"title": title}, required=False, choices=choices
        )
        self.fields[f"new_aliases_{event_type.pk}"] = forms.CharField(
            label=_("Other words for the service of %(title)s") % {"title": title}, required=False, max_length=500
        )

    def _linked(self, event_type: CalcomEventType) -> list[Service]:
        return [row for row in self.services.values() if row.calcom_event_type_id == event_type.event_type_id]

    def _chosen(self, event_type: CalcomEventType) -> str:
        return str(self.cleaned_data.get(f"add_{event_type.pk}", ""))

    def _check(self, event_type: CalcomEventType, chosen: list[str]) -> None:
        name = self._chosen(event_type)
        if not name:
            return
        if chosen.count(name) > 1:
            raise forms.ValidationError(_("One service can't be two event types: choose another for one of them."))
        added = self.services.get(name) or _service_of(event_type)
        if name == NEW and added.name in {service.name for service in self.services.values()}:
            raise forms.ValidationError(_("There is a service of this name already: choose that one."))
        staying = [one for one in self._linked(event_type) if not self.cleaned_data.get(f"unlink_{one.pk}")]
        if any(one.duration_minutes != added.duration_minutes for one in staying):
            raise forms.ValidationError(
                _("An event type has one length: services of different lengths need an event type each.")
            )


def differing(event_types: Sequence[CalcomEventType], services: Sequence[Service]) -> list[str]:
    """Services whose minutes are not those of their event type, in words: Cal.com books its own length."""
    lengths = {event_type.event_type_id: event_type.length_minutes for event_type in event_types}
    return [
        _("%(service)s takes %(ours)d minutes here and %(theirs)d in Cal.com, which books its own.")
        % {"service": service.name, "ours": service.duration_minutes, "theirs": lengths[number]}
        for service in services
        if (number := service.calcom_event_type_id) in lengths
        and number is not None
        and lengths[number] != service.duration_minutes
    ]


@transaction.atomic
def save_mapping(form: MappingForm, company: Company, by: Principal) -> list[Service]:
    """Link and unlink as a valid form says; returns the services that changed. The same once more changes nothing."""
    return [
        service
        for service, event_type, aliases in form.links()
        if _link(service, event_type.event_type_id if event_type else None, aliases, company, by)
    ]


def _link(service: Service, event_type_id: int | None, aliases: list[str], company: Company, by: Principal) -> bool:
    before = {"event_type": service.calcom_event_type_id, "aliases": service.aliases}
    after = {"event_type": event_type_id, "aliases": aliases}
    if service.pk and before == after:
        return False
    service.calcom_event_type_id, service.aliases = event_type_id, aliases
    service.save()
    record_by(
        by,
        action="service.linked",
        object_type="Service",
        object_id=service.pk,
        company_id=company.pk,
        before=before,
        after=after,
    )
    return True


def _service_of(event_type: CalcomEventType) -> Service:
    """A new one, not stored yet."""
    return Service(
        company_id=event_type.company_id, name=event_type.title[:150], duration_minutes=event_type.length_minutes
    )


def _words(text: str) -> list[str]:
    return list(dict.fromkeys(word for part in text.split(",") if (word := part.strip())))

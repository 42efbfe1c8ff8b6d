"""What staff are told at fields of forms whose name alone does not say it; see also the models' own `help_text`."""

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

COMPANY: dict[str, Promise] = {
    "slug": _("Letters, digits and hyphens; it names the company in commands and addresses."),
    "is_active": _(
        "Switched off: what Retell, Cal.com and programs send for it is refused, and nothing is booked, moved or "
        "cancelled. Retell's agents still answer its phone."
    ),
    "timezone": _("Opening hours and all times that callers hear are meant in it, such as Europe/Berlin."),
    "booking_mode": _("Whether the wish is written into the calendar once the caller has hung up, or on the phone."),
    "retell_api_key": _("From Retell, under Settings, API keys. With it agents are read and functions deployed."),
    "calcom_api_key": _(
        "From Cal.com, under Settings, API keys; begins with cal_. With it free times are read and booked."
    ),
    "calcom_webhook_secret": _("As it is entered at the webhook in Cal.com; without it news from there is refused."),
}
SERVICE: dict[str, Promise] = {
    "calcom_event_type_id": _("The number of the event type in Cal.com, as the end of its address shows it."),
    "is_active": _("Switched off: callers are not offered it any more; its appointments stay."),
}
CUSTOMER: dict[str, Promise] = {
    "email": _("Where Cal.com sends confirmations; empty: none are sent."),
    "language": _("In which they are spoken to and written to."),
}

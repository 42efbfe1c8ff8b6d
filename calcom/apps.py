"""Cal.com: the calendar's side."""

from django.apps import AppConfig


class CalcomConfig(AppConfig):
    name = "calcom"
    verbose_name = "Cal.com"

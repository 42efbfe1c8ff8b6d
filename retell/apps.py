"""Retell.ai: the voice agent's side."""

from django.apps import AppConfig


class RetellConfig(AppConfig):
    name = "retell"
    verbose_name = "Retell.ai"

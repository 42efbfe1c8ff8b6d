"""Settings, URLs and processes. Nothing here knows about phones or calendars."""

from config.celery import app as celery_app

__all__ = ["celery_app"]

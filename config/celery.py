"""The Celery application: tasks are found in each app's `tasks.py`."""

import os

from celery import Celery

from config.broker import use_for_files

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")

use_for_files()
app = Celery("config", fixups=["config.kept_connections:install"])
app.config_from_object("django.conf:settings", namespace="CELERY")
app.autodiscover_tasks()

"""The web server's entry: `gunicorn config.wsgi`."""

import os

from django.core.wsgi import get_wsgi_application
from django.urls import get_resolver

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")

application = get_wsgi_application()
# Every URL with its views is read now, or the first caller would wait for that.
get_resolver().url_patterns  # noqa: B018  (reading it is what loads them)

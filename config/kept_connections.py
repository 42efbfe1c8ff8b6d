"""Celery's workers keep their database connections from task to task, as Django's views do from request to request.

Celery's own fixup closes them before and after each task, whatever CONN_MAX_AGE says: a booking paid for a new one
each time. Kept, a connection is asked whether it is alive before a task uses it (CONN_HEALTH_CHECKS), and replaced
where it is not.
"""

from typing import Any

from celery import Celery, Task
from celery.fixups.django import DjangoFixup, DjangoWorkerFixup  # type: ignore[attr-defined]  # not in celery-types
from django.db import close_old_connections


class KeptConnections(DjangoWorkerFixup):  # type: ignore[misc]  # celery-types do not know it
    def on_task_prerun(self, sender: Task[Any, Any], **kwargs: Any) -> None:
        self._close_unusable(sender)

    def on_task_postrun(self, sender: Task[Any, Any], **kwargs: Any) -> None:
        self._close_unusable(sender)

    def _close_unusable(self, task: Task[Any, Any]) -> None:
        # Whoever runs a task in the middle of its own work keeps its transaction.
        if not task.request.is_eager:
            close_old_connections()


class Fixup(DjangoFixup):
    def on_worker_init(self, **kwargs: Any) -> None:
        self.worker_fixup = KeptConnections(self.app)  # type: ignore[misc]  # celery-types do not know its setter
        super().on_worker_init(**kwargs)


def install(app: Celery) -> DjangoFixup:
    fixup = Fixup(app)
    fixup.install()
    return fixup

"""Which of Celery's bells were rung, on a broker in this process's memory, and a worker's answer to them."""

from collections.abc import Iterator
from dataclasses import dataclass
from queue import Empty
from typing import Any

from config.celery import app

BROKER_URL = "memory://localhost"


@dataclass(frozen=True)
class Ring:
    """One task that was sent; `is_delayed` means that it is for later."""

    task: str
    args: tuple[Any, ...]
    is_delayed: bool


def rung() -> list[Ring]:
    """Take every message off the broker, oldest first."""
    return list(_messages())


def answer() -> None:
    """Do what the messages ask for now, and what that rings for in turn, as a worker would."""
    app.loader.import_default_modules()
    while due := [ring for ring in rung() if not ring.is_delayed]:
        for ring in due:
            app.tasks[ring.task](*ring.args)


def _messages() -> Iterator[Ring]:
    with app.connection_for_read() as connection:
        queue = connection.SimpleQueue(app.conf.task_default_queue)
        while True:
            try:
                message = queue.get(block=False)
            except Empty:
                return
            message.ack()
            args, _, _ = message.payload
            yield Ring(message.headers["task"], tuple(args), message.headers["eta"] is not None)

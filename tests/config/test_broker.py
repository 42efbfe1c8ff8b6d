"""The filesystem broker of the embedded default."""

import os
import subprocess
import sys
from pathlib import Path

from tests.servers import PROJECT

SEND = """
import resource
from config.celery import app
from kombu.exceptions import OperationalError

app.send_task("first")
_, most = resource.getrlimit(resource.RLIMIT_FSIZE)
resource.setrlimit(resource.RLIMIT_FSIZE, (20, most))  # bytes: no file can be longer from now on
try:
    app.send_task("second")
except OperationalError:
    print("refused")
resource.setrlimit(resource.RLIMIT_FSIZE, (most, most))
app.send_task("third")
with app.connection_for_read() as connection:
    queue = connection.SimpleQueue(app.conf.task_default_queue)
    messages = [queue.get(timeout=5) for _ in range(2)]
    print([message.headers["task"] for message in messages])
    [message.ack() for message in messages]
"""


def test_a_message_for_which_there_is_no_room_leaves_nothing_behind(tmp_path: Path) -> None:
    environment = {name: value for name, value in os.environ.items() if not name.endswith("_URL")}
    sent = subprocess.run(
        [sys.executable, "-c", SEND],
        cwd=PROJECT,
        env={**environment, "VAR_DIR": str(tmp_path)},
        capture_output=True,
        text=True,
        check=True,
    )
    assert sent.stdout.splitlines() == ["refused", "['first', 'third']"]
    assert list((tmp_path / "broker" / "messages").iterdir()) == []

"""Places at which a test may have a process killed, as a power cut would: faults that no double can play.

Off unless KILL_POINTS_DIR is set, which production refuses (`manage.py check --deploy`). A point is armed by a file
of its name in that folder. Whoever takes the file away dies by SIGKILL: its own process, or, where the file says
"group", everything that was started with it. So each file kills once, whoever comes by first.
"""

import os
import signal
from pathlib import Path

from django.conf import settings

GROUP = "group"


def kill_point(name: str) -> None:
    """Die here if a test wants it."""
    if settings.KILL_POINTS_DIR:
        _die_if_armed(Path(settings.KILL_POINTS_DIR) / name)


def _die_if_armed(point: Path) -> None:
    try:
        victim = point.read_text().strip()
        point.unlink()
    except FileNotFoundError:  # not armed, or another process was quicker
        return
    if victim == GROUP:
        os.killpg(os.getpgrp(), signal.SIGKILL)
    os.kill(os.getpid(), signal.SIGKILL)

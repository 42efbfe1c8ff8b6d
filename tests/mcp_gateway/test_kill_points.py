"""Points at which tests have a process killed."""

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from tests.servers import PROJECT

pytestmark = pytest.mark.processes
REACH = "import django; django.setup(); from mcp_gateway.kill_points import kill_point; kill_point('here')"


def reach(folder: Path | None) -> int:
    """The exit code of a process that comes by the point `here`."""
    environment = {
        **os.environ,
        "DJANGO_SETTINGS_MODULE": "config.settings",
        "KILL_POINTS_DIR": str(folder or ""),
    }
    command = [sys.executable, "-c", REACH]
    return subprocess.run(command, env=environment, cwd=PROJECT, start_new_session=True, check=False).returncode


@pytest.mark.parametrize("victim", ["", "group"])
def test_an_armed_point_kills_once(tmp_path: Path, victim: str) -> None:
    (tmp_path / "here").write_text(victim)
    assert [reach(tmp_path), reach(tmp_path)] == [-signal.SIGKILL, 0]


def test_another_point_kills_nobody(tmp_path: Path) -> None:
    (tmp_path / "there").touch()
    assert reach(tmp_path) == 0


def test_without_a_folder_nothing_is_armed() -> None:
    assert reach(None) == 0

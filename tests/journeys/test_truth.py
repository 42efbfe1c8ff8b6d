"""The proof in small: the command on real processes, with faults, from the plan to the table."""

import os
import subprocess
import sys
from pathlib import Path

import pytest
from django.conf import settings

from tests.servers import PROJECT

pytestmark = pytest.mark.processes

SECONDS = 300
# A plan with faults of several kinds, none of which takes minutes to be found out.
CALLS, SEED = "8", "277"


def run(folder: Path, *arguments: str, **environment: str) -> subprocess.CompletedProcess[str]:
    """With a database of its own; the other journeys' workers don't listen where its bells ring."""
    redis = {"REDIS_URL": settings.REDIS_URL.removesuffix("/0") + "/1"} if settings.REDIS_URL else {}
    more = {"VAR_DIR": str(folder), "DEBUG": "on", **redis, **environment}
    command = [sys.executable, "manage.py", "truth", *arguments]
    return subprocess.run(
        command, cwd=PROJECT, env={**os.environ, **more}, capture_output=True, text=True, timeout=SECONDS, check=False
    )


def test_a_handful_of_calls_ends_with_nothing_in_any_column(tmp_path: Path) -> None:
    done = run(tmp_path, "--calls", CALLS, "--seed", SEED)
    assert done.stdout.rstrip().endswith("| 0 | 0 | 0 | 0 | 0 | 0 |"), done.stdout + done.stderr
    assert done.returncode == 0
    assert f"Seed {SEED}" in done.stdout
    assert f"| calls | {CALLS} |" in done.stdout


def test_a_production_system_is_left_alone(tmp_path: Path) -> None:
    production = {"SECRET_KEY": "x" * 60, "ALLOWED_HOSTS": "phone.example", "APP_URL": "https://phone.example"}
    keys = {"FIELD_ENCRYPTION_KEYS": "aW5zZWN1cmUtZGV2ZWxvcG1lbnQta2V5LTAxMjM0NTY="}
    done = run(tmp_path, DEBUG="off", **production, **keys)
    assert done.returncode == 1
    assert "not in production" in done.stderr

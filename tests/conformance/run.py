"""`python -m tests.conformance.run`: play the suite's scenarios and print how many checks passed.

Exit code 1 when a check outside `baseline.yml` fails, or one inside it succeeds. Without npm there is nothing to run.
"""

import json
import os
import shutil
import subprocess
import sys
from collections import Counter
from pathlib import Path
from tempfile import TemporaryDirectory

from tests.servers import LOOPBACK, PROJECT, Process, free_port

HERE = Path(__file__).resolve().parent
INSTALLED = PROJECT / "var" / "conformance"
SUITE = INSTALLED / "node_modules" / ".bin" / "conformance"
BASE_SCENARIOS = ("server-initialize", "ping", "tools-list")
SCENARIOS = {
    "2026-07-28": (
        "server-stateless",
        "http-header-validation",
        "tools-list",
        "caching",
        "dns-rebinding-protection",
    ),
    "2025-11-25": (*BASE_SCENARIOS, "dns-rebinding-protection"),
    "2025-06-18": BASE_SCENARIOS,
}


def main() -> int:
    if shutil.which("npm") is None:
        _say("Skipped: the MCP conformance suite needs npm, and it is not installed.")
        return 0
    _install()
    with TemporaryDirectory(prefix="conformance-") as folder:
        port = free_port()
        url = f"http://{LOOPBACK}:{port}"
        environment = _environment(url, folder)
        with _server(port, environment) as server:
            server.wait_until_listening(port)
            plays = [
                _play(scenario, revision, url, Path(folder))
                for revision, scenarios in SCENARIOS.items()
                for scenario in scenarios
            ]
    return 0 if all(plays) else 1


def _install() -> None:
    """Bring the suite and its node into a folder outside the source tree, unless they are there."""
    wanted, present = HERE / "package.json", INSTALLED / "package.json"
    if SUITE.exists() and present.read_text() == wanted.read_text():
        return
    INSTALLED.mkdir(parents=True, exist_ok=True)
    shutil.copy(wanted, present)
    subprocess.run(["npm", "install", "--no-audit", "--no-fund", "--loglevel=error"], cwd=INSTALLED, check=True)


def _environment(url: str, folder: str) -> dict[str, str]:
    """The embedded default, on a database of its own, with a token."""
    embedded = {"DATABASE_URL": "", "REDIS_URL": "", "CELERY_BROKER_URL": "", "DEBUG": "on", "VAR_DIR": folder}
    settings = {**embedded, "APP_URL": url, "ALLOWED_HOSTS": LOOPBACK}
    environment = {**os.environ, **settings}
    _manage(environment, "migrate", "--verbosity=0")
    _manage(environment, "createcachetable")
    token = _manage(environment, "mcp_create_token", "--all-companies", "--name=conformance")
    return {**settings, "CONFORMANCE_TOKEN": token}


def _manage(environment: dict[str, str], *arguments: str) -> str:
    command = [sys.executable, "manage.py", *arguments]
    done = subprocess.run(command, cwd=PROJECT, env=environment, check=True, stdout=subprocess.PIPE, text=True)
    return done.stdout.strip()


def _server(port: int, environment: dict[str, str]) -> Process:
    address = f"{LOOPBACK}:{port}"
    command = [sys.executable, "-m", "gunicorn", "tests.conformance.wsgi", "--bind", address, "--threads", "4"]
    return Process(command, environment=environment)


def _play(scenario: str, revision: str, url: str, folder: Path) -> bool:
    """Run one scenario and print its numbers; its own words only if it went wrong."""
    output = folder / revision / scenario
    options = {
        "--url": f"{url}/mcp",
        "--scenario": scenario,
        "--spec-version": revision,
        "--expected-failures": str(HERE / "baseline.yml"),
        "--output-dir": str(output),
    }
    words = [word for option in options.items() for word in option]
    path = f"{SUITE.parent}{os.pathsep}{os.environ['PATH']}"
    done = subprocess.run(
        [str(SUITE), "server", *words],
        env={**os.environ, "PATH": path},
        check=False,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )
    checks = [check for file in output.rglob("checks.json") for check in json.loads(file.read_text())]
    counts = Counter(check["status"].lower() for check in checks)
    told = ", ".join(f"{count} {status}" for status, count in sorted(counts.items()))
    went_well = done.returncode == 0 and counts["success"] > 0
    _say(f"{'ok  ' if went_well else 'FAIL'} {revision} {scenario}: {told}")
    if not went_well:
        _say(done.stdout)
    return went_well


def _say(line: str) -> None:
    sys.stdout.write(f"{line}\n")
    sys.stdout.flush()


if __name__ == "__main__":
    sys.exit(main())

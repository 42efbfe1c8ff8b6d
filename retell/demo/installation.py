"""An installation on loopback: both sandboxes, the web server and a worker with its clock."""

from dataclasses import dataclass

from django.conf import settings
from django.core.management import call_command

from retell.demo.company import Vendors
from retell.demo.processes import Processes, free_port

WEB_WORKERS = "2"
WEB_THREADS = "4"
TASK_WORKERS = "2"


@dataclass(frozen=True, kw_only=True)
class Installation:
    vendors: Vendors
    environment: dict[str, str]


def start(processes: Processes, *, web_port: int = 0) -> Installation:
    """Migrate, then start everything and wait until it listens. Raises ProcessFailed."""
    call_command("migrate", verbosity=0)
    call_command("createcachetable", verbosity=0)
    call_command("collectstatic", interactive=False, verbosity=0)
    ports = {"calcom": free_port(), "retell": free_port(), "web": free_port(web_port)}
    urls = {name: f"http://127.0.0.1:{port}" for name, port in ports.items()}
    environment = {
        "APP_URL": urls["web"],
        "CALCOM_API_URL": urls["calcom"],
        "RETELL_API_URL": urls["retell"],
        "ALLOW_PRIVATE_URLS": "on",
        "SWEEP_SECONDS": "5",
    }
    for vendor in ("calcom", "retell"):
        arguments = ["manage.py", "sandbox", vendor, "--port", str(ports[vendor])]
        processes.start(f"sandbox-{vendor}", arguments, environment)
    processes.start("web", web_arguments(ports["web"]), environment)
    processes.start("worker", worker_arguments(), environment)
    processes.wait_for_url("sandbox-calcom", f"{urls['calcom']}/_sandbox/requests")
    processes.wait_for_url("sandbox-retell", f"{urls['retell']}/_sandbox/requests")
    processes.wait_for_url("web", f"{urls['web']}/api/mcp/health/ready")
    vendors = Vendors(calcom_url=urls["calcom"], retell_url=urls["retell"], app_url=urls["web"])
    return Installation(vendors=vendors, environment=environment)


def web_arguments(port: int) -> list[str]:
    address = f"127.0.0.1:{port}"
    return [
        "-m", "gunicorn", "config.wsgi", "--bind", address, "--workers", WEB_WORKERS, "--threads", WEB_THREADS,
        "--no-control-socket",
    ]  # fmt: skip


def worker_arguments() -> list[str]:
    """One worker with the clock inside: enough for one machine."""
    schedule = str(settings.VAR_DIR / "beat-schedule")
    return [
        "-m", "celery", "-A", "config", "worker", "--beat", "--schedule", schedule,
        "--concurrency", TASK_WORKERS, "--loglevel", "INFO", "--without-gossip", "--without-mingle",
    ]  # fmt: skip

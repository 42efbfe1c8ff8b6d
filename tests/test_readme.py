"""What a newcomer reads must name everything there is."""

import re
from pathlib import Path

import pytest

from mcp_gateway.registry import registry

PROJECT = Path(__file__).resolve().parent.parent
README = (PROJECT / "README.md").read_text()
EXAMPLE = (PROJECT / ".env.example").read_text()
SETTINGS = sorted(set(re.findall(r'env\.\w+\(\s*"([A-Z_]+)"', (PROJECT / "config" / "settings.py").read_text())))
COMMANDS = sorted(path.stem for path in PROJECT.glob("*/management/commands/*.py") if path.stem != "__init__")
TARGETS = re.findall(r"^(\w+):.*##", (PROJECT / "Makefile").read_text(), re.MULTILINE)


@pytest.mark.parametrize("setting", SETTINGS)
def test_every_setting_is_explained_and_in_the_example(setting: str) -> None:
    assert f"`{setting}`" in README
    assert re.search(rf"^# {setting}=", EXAMPLE, re.MULTILINE)


@pytest.mark.parametrize("command", COMMANDS)
def test_every_command_is_listed(command: str) -> None:
    assert f"manage.py {command}" in README


@pytest.mark.parametrize("method", sorted(registry.methods))
def test_every_method_is_listed(method: str) -> None:
    assert f"`{method}`" in README


@pytest.mark.parametrize("target", TARGETS)
def test_every_target_is_mentioned(target: str) -> None:
    assert f"make {target}" in README

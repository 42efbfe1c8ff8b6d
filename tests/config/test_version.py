"""Which commit a checkout stands on."""

import subprocess
from pathlib import Path

import pytest

from config.version import checked_out


def git(folder: Path, *arguments: str) -> str:
    identity = ("-c", "user.name=Test", "-c", "user.email=test@example.com", "-c", "init.defaultBranch=main")
    done = subprocess.run(["git", *identity, *arguments], cwd=folder, check=True, capture_output=True, text=True)
    return done.stdout.strip()


@pytest.fixture
def checkout(tmp_path: Path) -> Path:
    git(tmp_path, "init")
    git(tmp_path, "commit", "--allow-empty", "--message", "Begin")
    return tmp_path


def test_a_branch(checkout: Path) -> None:
    assert checked_out(checkout) == git(checkout, "rev-parse", "HEAD")[:12]


def test_a_branch_among_packed_refs(checkout: Path) -> None:
    git(checkout, "pack-refs", "--all")
    assert checked_out(checkout) == git(checkout, "rev-parse", "HEAD")[:12]


def test_a_commit_without_a_branch(checkout: Path) -> None:
    git(checkout, "checkout", "--detach")
    assert checked_out(checkout) == git(checkout, "rev-parse", "HEAD")[:12]


def test_no_checkout(tmp_path: Path) -> None:
    assert checked_out(tmp_path) == ""

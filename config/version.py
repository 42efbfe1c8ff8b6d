"""Which code runs here, for whoever reads later what it did."""

from pathlib import Path

SHORT = 12


def checked_out(folder: Path) -> str:
    """The commit that a git checkout stands on, shortened; "" where there is no checkout."""
    git = folder / ".git"
    try:
        head = (git / "HEAD").read_text().strip()
        if head.startswith("ref: "):
            head = _commit_of(git, head.removeprefix("ref: "))
    except OSError:
        return ""
    return head[:SHORT]


def _commit_of(git: Path, branch: str) -> str:
    loose = git / branch
    if loose.exists():
        return loose.read_text().strip()
    packed = (line.split() for line in (git / "packed-refs").read_text().splitlines())
    return next((words[0] for words in packed if words[1:] == [branch]), "")

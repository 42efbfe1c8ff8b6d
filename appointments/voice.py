"""What goes back to the voice agent: always speakable, never a claim that is not true."""

from typing import Any

from pydantic import BaseModel, ConfigDict


class Reply(BaseModel):
    """`success` is False only for a technical failure; `status` names every business outcome."""

    model_config = ConfigDict(extra="allow")

    success: bool = True
    status: str
    message: str

    @classmethod
    def technical_failure(cls, status: str, message: str) -> "Reply":
        return cls(success=False, status=status, message=message)

    def as_json(self) -> dict[str, Any]:
        return self.model_dump(mode="json")


# What language models write when they have nothing to say.
JUNK = frozenset({"", "none", "null", "n/a", "na", "nil", "undefined", "unknown", "unbekannt", "-", "?", "string"})


def meaningful(words: object, *, max_length: int) -> str | None:
    """The caller's words, trimmed and cut; None for what a model invents to fill a gap."""
    if words is None or isinstance(words, bool | list | dict):
        return None
    text = " ".join(str(words).split())
    if text.casefold() in JUNK or "{{" in text:
        return None
    return text[:max_length]

"""How the vendor says no. Most bodies are `{"status": "error", "message"}`, query errors are `{"error_message"}`."""

from typing import Any, NoReturn

from mcp_gateway.sandbox import Reply


class Refusal(Exception):
    """An answer with an error status; raised anywhere below a handler, sent by the sandbox."""

    def __init__(self, status: int, body: dict[str, Any]) -> None:
        super().__init__(status, body)
        self.reply = Reply(status=status, body=body)


def refuse(status: int, message: str) -> NoReturn:
    raise Refusal(status, {"status": "error", "message": message})


def refuse_query(message: str) -> NoReturn:
    """Query parameters are checked by another layer of the vendor's, with an error body of its own."""
    raise Refusal(400, {"error_message": message})


def refuse_key() -> NoReturn:
    refuse(401, "API key is missing or invalid.")


def refuse_asset(status: int = 422) -> NoReturn:
    """The same words for what doesn't exist and for what belongs to another workspace."""
    refuse(status, "Cannot find requested asset under given api key.")

"""What the gateway and the functions of a call answer has words in the reader's language."""

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest
from django.utils.translation import gettext, override

from appointments.outcomes import OUTCOMES, in_words
from appointments.spoken.meaning import Problem
from mcp_gateway import errors
from mcp_gateway.errors import GatewayError
from tests.test_translations import PROJECT

CONVERSATION = PROJECT / "appointments" / "conversation"
# How a function of a call answers: with a status first.
ANSWERS = ("reply", "question")
# What only programs at the HTTP doors get to read.
DOORS = {"mcp", "views.py", "http.py", "jsonrpc.py", "tokens.py"}


def subclasses(of: type[GatewayError]) -> Iterator[type[GatewayError]]:
    """Without those of a protocol's door, which only programs get to read."""
    if ".mcp." not in of.__module__:
        yield of
    for one in of.__subclasses__():
        yield from subclasses(one)


@pytest.mark.parametrize("error", sorted(set(subclasses(GatewayError)), key=str), ids=lambda error: error.__name__)
def test_every_error_has_german_words(error: type[GatewayError]) -> None:
    with override("de"):
        assert gettext(error.message) != error.message


def test_a_sentence_of_an_errors_own_can_be_translated() -> None:
    names = {name for name, one in vars(errors).items() if isinstance(one, type) and issubclass(one, GatewayError)}
    assert [
        f"{path.relative_to(PROJECT)}:{call.lineno}"
        for path in sources()
        for call in calls(path)
        if name_of(call) in names and call.args and isinstance(call.args[0], ast.Constant)
    ] == []


def test_every_status_of_a_voice_answer_has_words() -> None:
    answered = {
        status
        for path in CONVERSATION.glob("*.py")
        for call in calls(path)
        if name_of(call) in ANSWERS and call.args
        for status in literals(call.args[0])
    }
    assert len(answered) > 20
    assert (answered | set(Problem)) - OUTCOMES.keys() == set()


def test_a_status_is_told_in_the_readers_language() -> None:
    with override("de"):
        assert in_words("slot_taken") == "nicht frei, andere Zeiten genannt"


def test_a_status_that_is_not_ours_stays_as_it_is() -> None:
    assert in_words("<custom>") == "<custom>"


def sources() -> Iterator[Path]:
    for room in ("mcp_gateway", "appointments", "calcom", "retell"):
        for path in sorted((PROJECT / room).rglob("*.py")):
            if not DOORS & {*path.relative_to(PROJECT).parts} and "sandbox" not in path.parts:
                yield path


def calls(path: Path) -> Iterator[ast.Call]:
    yield from (node for node in ast.walk(ast.parse(path.read_text())) if isinstance(node, ast.Call))


def name_of(call: ast.Call) -> str:
    return call.func.attr if isinstance(call.func, ast.Attribute) else getattr(call.func, "id", "")


def literals(node: ast.expr) -> Iterator[str]:
    """The texts that an expression can be: of `a if b else c` both."""
    if isinstance(node, ast.Constant) and isinstance(node.value, str):
        yield node.value
    elif isinstance(node, ast.IfExp):
        yield from (*literals(node.body), *literals(node.orelse))

"""`manage.py mcp_methods`."""

import json
from io import StringIO

import pytest
from django.core.management import CommandError, call_command

from mcp_gateway.registry import registry
from tests.mcp_gateway.conftest import TestingMCPServer


def methods(*arguments: str) -> str:
    output = StringIO()
    call_command("mcp_methods", *arguments, stdout=output)
    return output.getvalue()


def test_every_method_has_its_line(server: TestingMCPServer) -> None:
    head, *lines = methods().splitlines()
    assert head.split() == ["method", "access", "company", "description"]
    assert [line.split()[0] for line in lines] == sorted(registry.methods)


def test_a_line_tells_access_company_and_description(server: TestingMCPServer) -> None:
    lines = [" ".join(line.split()) for line in methods().splitlines()]
    assert "testing.note write no Keep a value and give it back." in lines
    assert "testing.whose read yes The company of the call." in lines


def test_markdown_makes_a_table(server: TestingMCPServer) -> None:
    head, rule, *lines = methods("--markdown").splitlines()
    assert (head, rule) == ("| method | access | company | description |", "| --- | --- | --- | --- |")
    assert "| `testing.subtract` | read | no | The difference of two numbers. |" in lines


def test_json_tells_the_parameters_too(server: TestingMCPServer) -> None:
    described = {method["method"]: method for method in json.loads(methods("--json"))}
    subtract = described["testing.subtract"]
    assert (subtract["access"], subtract["company"]) == ("read", False)
    assert subtract["parameters"]["required"] == ["minuend"]


def test_one_form_at_a_time() -> None:
    with pytest.raises(CommandError):
        methods("--json", "--markdown")

"""The one description of every method."""

from typing import Any

import pytest

from mcp_gateway.errors import InvalidParams, MethodNotFound
from mcp_gateway.registry import TOOL_NAME, Access, Context, Health, MCPServer, Registry, registry, rpc
from tests.mcp_gateway.conftest import TestingMCPServer


def server_with(method_name: str, description: str = "It does.", *, name: str = "salon") -> MCPServer:
    """A server with one method."""

    def method(self: MCPServer, context: Context) -> None: ...

    method.__doc__ = description
    attributes: dict[str, Any] = {"name": name, "method": rpc(method_name, Access.READ)(method)}
    made: MCPServer = type("SalonMCPServer", (MCPServer,), attributes)()
    return made


def test_a_server_brings_its_methods() -> None:
    own = Registry()
    own.add(server_with("open"))
    assert own.find("salon.open").description == "It does."


def test_two_servers_of_one_name_are_refused() -> None:
    own = Registry()
    own.add(server_with("open"))
    with pytest.raises(ValueError, match="Two MCP servers are called salon"):
        own.add(server_with("close"))


def test_a_method_published_twice_is_refused() -> None:
    class Doubled(MCPServer):
        name = "salon"

        @rpc("open", Access.READ)
        def one(self, context: Context) -> None:
            """One."""

        @rpc("open", Access.READ)
        def two(self, context: Context) -> None:
            """Two."""

    with pytest.raises(ValueError, match=r"salon\.open is published twice"):
        Registry().add(Doubled())


@pytest.mark.parametrize("name", ["öffnen", "open now", "a/b", "", "x" * 60])
def test_a_name_that_no_mcp_client_takes_is_refused(name: str) -> None:
    with pytest.raises(ValueError, match="does not make a valid tool name"):
        Registry().add(server_with(name, name="salon" if name else "sa lon"))


def test_a_method_without_description_is_refused() -> None:
    with pytest.raises(ValueError, match="has no description"):
        Registry().add(server_with("open", ""))


def test_unknown_methods_are_not_found(server: TestingMCPServer) -> None:
    with pytest.raises(MethodNotFound):
        registry.find("testing.nothing")


def test_plain_attributes_are_no_methods(server: TestingMCPServer) -> None:
    with pytest.raises(MethodNotFound):
        registry.find("testing.health")


def test_positions_follow_the_signature(server: TestingMCPServer) -> None:
    assert registry.find("testing.subtract").named([42, 23]) == {"minuend": 42, "subtrahend": 23}


def test_too_many_positions_are_refused(server: TestingMCPServer) -> None:
    with pytest.raises(InvalidParams):
        registry.find("testing.subtract").named([1, 2, 3])


def test_the_company_is_the_last_parameter_of_a_scoped_method(server: TestingMCPServer) -> None:
    assert registry.find("testing.whose").parameter_names == ("company_id",)
    assert registry.find("testing.subtract").parameter_names == ("minuend", "subtrahend")


def test_defaults_are_filled_in(server: TestingMCPServer) -> None:
    assert registry.find("testing.subtract").validated({"minuend": 1}) == {"minuend": 1, "subtrahend": 0}


def test_wrong_parameters_are_named_without_their_values(server: TestingMCPServer) -> None:
    with pytest.raises(InvalidParams) as raised:
        registry.find("testing.subtract").validated({"minuend": "geheim", "extra": "geheim"})
    named = {error["parameter"] for error in raised.value.data["errors"]}
    assert named == {"minuend", "extra"}
    assert "geheim" not in str(raised.value.data)


def test_a_lenient_method_drops_what_it_does_not_know(server: TestingMCPServer) -> None:
    assert registry.find("testing.lenient").validated({"word": "hi", "mood": "good"}) == {"word": "hi"}


def test_every_published_method_is_fit_for_use() -> None:
    assert {"calcom", "retell_custom", "webhook"} <= set(registry.servers)
    for name, method in registry.methods.items():
        assert TOOL_NAME.fullmatch(name.replace(".", "_"))
        assert method.parameters.model_json_schema()["type"] == "object"
        assert method.result.json_schema() is not None


def test_every_server_tells_its_health(db: None) -> None:
    assert all(isinstance(server.health(), Health) for server in registry.servers.values())

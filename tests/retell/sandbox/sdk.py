"""The vendor's own SDK, which is a package named `retell` like ours: loaded here under the name `retell_sdk`."""

import importlib.util
import sys
from importlib.metadata import distribution
from pathlib import Path
from types import ModuleType


def load_sdk() -> ModuleType:
    loaded = sys.modules.get("retell_sdk")
    if loaded:
        return loaded
    path = Path(str(distribution("retell-sdk").locate_file("retell/__init__.py")))
    spec = importlib.util.spec_from_file_location("retell_sdk", path, submodule_search_locations=[str(path.parent)])
    assert spec
    assert spec.loader
    module = importlib.util.module_from_spec(spec)
    sys.modules["retell_sdk"] = module
    spec.loader.exec_module(module)
    return module


sdk = load_sdk()
_connections = sdk.DefaultHttpxClient(trust_env=False)


def client_for(base_url: str, api_key: str):
    """A client that doesn't repeat requests of its own accord."""
    return sdk.Retell(api_key=api_key, base_url=base_url, max_retries=0, http_client=_connections)


def verify(body: str, api_key: str, signature: str) -> bool:
    return client_for("http://127.0.0.1", api_key).verify(body, api_key, signature)

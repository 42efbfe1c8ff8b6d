"""A stand-in for Retell.ai as of November 2026, as a real HTTP server for development and tests."""

from retell.sandbox.server import RetellSandbox

__all__ = ["RetellSandbox"]

"""The Model Context Protocol on `POST /mcp`: the registry's methods as tools, in two eras, without sessions.

A request that carries its revision in `_meta` is served by `modern`, one of the handshake era by `legacy`; nothing
is remembered between requests in either.
"""

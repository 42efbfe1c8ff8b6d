"""An MCP server as a test needs it: answers as an event stream or in another way, and remembers what it was asked."""

import json
import threading
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

TOOL = {"name": "book", "description": "Books.", "inputSchema": {"type": "object", "properties": {}}}


@dataclass
class McpServer:
    """`framing`: "sse", "json" or "html"."""

    framing: str = "sse"
    is_error: bool = False
    url: str = ""
    asked: list[dict] = field(default_factory=list)
    headers: list[dict[str, str]] = field(default_factory=list)
    paths: list[str] = field(default_factory=list)

    def methods(self) -> list[str]:
        return [message["method"] for message in self.asked]

    def result(self, message: dict) -> dict:
        if message["method"] == "initialize":
            return {"protocolVersion": message["params"]["protocolVersion"], "capabilities": {}}
        if message["method"] == "tools/list":
            return {"tools": [TOOL]}
        text = json.dumps({"data": {"uid": "u1"}})
        return {"content": [{"type": "text", "text": text}], "isError": self.is_error}

    def answer(self, message: dict) -> tuple[str, str]:
        """Content type and body."""
        content = json.dumps({"jsonrpc": "2.0", "id": message["id"], "result": self.result(message)})
        if self.framing == "sse":
            return "text/event-stream", f"event: message\ndata: {content}\n\n"
        if self.framing == "json":
            return "application/json", content
        return "text/html", "<h1>Oops</h1>"


class RunningMcpServer:
    def __enter__(self) -> McpServer:
        server = McpServer()

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self):
                message = json.loads(self.rfile.read(int(self.headers["content-length"])))
                server.asked.append(message)
                server.headers.append({name.lower(): value for name, value in self.headers.items()})
                server.paths.append(self.path)
                kind, body = server.answer(message) if "id" in message else ("application/json", "")
                self.send_response(200 if body else 202)
                self.send_header("Content-Type", kind)
                self.send_header("Content-Length", str(len(body)))
                self.send_header("Mcp-Session-Id", "s1")
                self.end_headers()
                self.wfile.write(body.encode())

            def log_message(self, *args):
                pass

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        server.url = f"http://127.0.0.1:{self.server.server_port}/mcp"
        threading.Thread(target=self.server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True).start()
        return server

    def __exit__(self, *exc_info) -> None:
        self.server.shutdown()
        self.server.server_close()

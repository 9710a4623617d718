"""Two small servers on loopback: the API's front door, and the client's webhook receiver."""

import http.client
import queue
import threading
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

# Headers that speak of one connection, not of the message.
OF_THE_CONNECTION = {"connection", "keep-alive", "transfer-encoding", "content-length", "host"}


@dataclass(frozen=True)
class Webhook:
    """A request that the receiver got."""

    headers: dict[str, str]
    body: bytes


class Quiet(BaseHTTPRequestHandler):
    """A handler that keeps no log."""

    protocol_version = "HTTP/1.1"

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002
        """Says nothing."""

    def body(self) -> bytes:
        """The request's whole body."""
        return self.rfile.read(int(self.headers.get("Content-Length", 0)))

    def answer(self, status: int, headers: list[tuple[str, str]], body: bytes) -> None:
        """Sends a whole answer."""
        self.send_response_only(status)
        for name, value in headers:
            if name.lower() not in OF_THE_CONNECTION:
                self.send_header(name, value)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)


class Server:
    """A server in a thread of its own."""

    def __init__(self, handler: type[Quiet]):
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), handler)
        self._server.daemon_threads = True
        self._thread = threading.Thread(target=self._server.serve_forever, daemon=True)
        self.url = f"http://127.0.0.1:{self._server.server_port}"

    def __enter__(self) -> "Server":
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._server.shutdown()
        self._server.server_close()


class Door:
    """Where a front door leads; known only once the API is deployed."""

    emulator_port: int = 0
    api_id: str = ""


def front_door(door: Door) -> Server:
    """Plays a custom domain: an address that is known before the API has one."""

    class Handler(Quiet):
        def forward(self) -> None:
            connection = http.client.HTTPConnection("127.0.0.1", door.emulator_port, timeout=60)
            headers = {n: v for n, v in self.headers.items() if n.lower() not in OF_THE_CONNECTION}
            headers["Host"] = f"{door.api_id}.execute-api.localhost:{door.emulator_port}"
            connection.request(self.command, self.path, self.body() or None, headers)
            response = connection.getresponse()
            self.answer(response.status, response.getheaders(), response.read())
            connection.close()

        do_GET = do_POST = do_DELETE = do_PATCH = do_PUT = forward

    return Server(Handler)


def receiver(webhooks: "queue.Queue[Webhook]") -> Server:
    """Plays the client's own server: takes every webhook and keeps it."""

    class Handler(Quiet):
        def do_POST(self) -> None:
            headers = {name.lower(): value for name, value in self.headers.items()}
            webhooks.put(Webhook(headers, self.body()))
            self.answer(204, [], b"")

    return Server(Handler)

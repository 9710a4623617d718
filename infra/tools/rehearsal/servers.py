"""Small servers on loopback: the API's public address, a service with late answers, the client's server."""

import http.client
import json
import threading
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

from infra.tools.rehearsal.inbox import Inbox, Webhook

# Headers of one connection, not of the message.
OF_THE_CONNECTION = {"connection", "keep-alive", "transfer-encoding", "content-length", "host"}
# Less than the timeout of `dispatch`.
DELAY_SECONDS = 10
# The text of the job on which its provider works until it is cancelled, and its task.
LONG_TASK = "A job that takes long."
LONG_ID = "long-task"
LAST_FRAMES = "/api/webhooks/last-frame-complete"


class Quiet(BaseHTTPRequestHandler):
    """A handler without a log."""

    protocol_version = "HTTP/1.1"

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002
        """Logs nothing."""

    def body(self) -> bytes:
        """The request's whole body."""
        return self.rfile.read(int(self.headers.get("Content-Length", 0)))

    def ask(
        self, port: int, host: str, body: bytes | None = None
    ) -> tuple[int, list[tuple[str, str]], bytes]:
        """The answer of the server at `port`, as `host`, to the same request, whose body may have been read."""
        body = self.body() if body is None else body
        connection = http.client.HTTPConnection("127.0.0.1", port, timeout=60)
        headers = {n: v for n, v in self.headers.items() if n.lower() not in OF_THE_CONNECTION}
        connection.request(self.command, self.path, body or None, headers | {"Host": host})
        response = connection.getresponse()
        answer = (response.status, response.getheaders(), response.read())
        connection.close()
        return answer

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


@dataclass
class Door:
    """The API behind the public address, known only once it is deployed, and an event seen there."""

    emulator_port: int
    api_id: str = ""
    # A webhook was accepted before the submission that it reports on was saved.
    early: threading.Event = field(default_factory=threading.Event)
    # How often the long task has been polled.
    polls: int = 0


def front_door(door: Door) -> Server:
    """Stands in for a custom domain: an address that is known before the API has one."""

    class Handler(Quiet):
        def forward(self) -> None:
            host = f"{door.api_id}.execute-api.localhost:{door.emulator_port}"
            if self.path.startswith(LAST_FRAMES) and not door.early.is_set():
                # As if sent to the registered address: only its task says which attempt it is of.
                self.path = self.path.partition("?")[0]
            status, headers, body = self.ask(door.emulator_port, host)
            if self.path.startswith("/api/webhooks/") and status == 202:
                door.early.set()
            self.answer(status, headers, body)

        do_GET = do_POST = do_DELETE = do_PATCH = do_PUT = forward

    return Server(Handler)


def patient(port: int, door: Door) -> Server:
    """Stands in for RunPod: the service at `port`, but for the task that is worked on until it is cancelled."""

    class Handler(Quiet):
        cancelled = False

        def forward(self) -> None:
            body = self.body()
            if self.path.endswith("/run") and LONG_TASK.encode() in body:
                self.answer_long("IN_QUEUE")
            elif self.path.endswith(f"/status/{LONG_ID}"):
                door.polls += 1
                self.answer_long("CANCELLED" if Handler.cancelled else "IN_PROGRESS")
            elif self.path.endswith(f"/cancel/{LONG_ID}"):
                Handler.cancelled = True
                self.answer_long("CANCELLED")
            else:
                self.answer(*self.ask(port, f"127.0.0.1:{port}", body))

        def answer_long(self, status: str) -> None:
            body = json.dumps({"id": LONG_ID, "status": status}).encode()
            self.answer(200, [("Content-Type", "application/json")], body)

        do_GET = do_POST = forward

    return Server(Handler)


def delayed(port: int, door: Door) -> Server:
    """Delays the answers of the service at `port`: the first arrives after the webhook of its own task."""

    class Handler(Quiet):
        def forward(self) -> None:
            answer = self.ask(port, f"127.0.0.1:{port}")
            door.early.wait(DELAY_SECONDS)
            self.answer(*answer)

        do_GET = do_POST = forward

    return Server(Handler)


def receiver(inbox: Inbox) -> Server:
    """Stands in for the client's server: stores every webhook that is not to fail."""

    class Handler(Quiet):
        def do_POST(self) -> None:
            headers = {name.lower(): value for name, value in self.headers.items()}
            self.answer(inbox.put(self.path, Webhook(headers, self.body())), [], b"")

    return Server(Handler)

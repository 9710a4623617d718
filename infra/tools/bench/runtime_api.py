"""The part of Lambda's Runtime API and of AWS that a program needs to start."""

import os
import socket
import subprocess
import threading
from collections.abc import Callable
from pathlib import Path


class RuntimeApi:
    """Lets programs start; closes the connection of each `/invocation/next`, which ends the program."""

    def __init__(self) -> None:
        self._runtime = listener()
        self._aws = listener()

    def __enter__(self) -> "RuntimeApi":
        for server, serve in [(self._runtime, hang_up), (self._aws, answer)]:
            threading.Thread(target=accept, args=(server, serve), daemon=True).start()
        return self

    def __exit__(self, *_: object) -> None:
        self._runtime.close()
        self._aws.close()

    def run(self, command: list[str | Path]) -> str:
        """Runs a program until its first `/invocation/next`; its output and that of its observer."""
        done = subprocess.run(
            command,
            env={
                **os.environ,
                "AWS_LAMBDA_RUNTIME_API": f"127.0.0.1:{self._runtime.getsockname()[1]}",
                "AWS_ENDPOINT_URL": f"http://127.0.0.1:{self._aws.getsockname()[1]}",
            },
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            timeout=120,
        )
        return done.stdout


def listener() -> socket.socket:
    """A listening socket on this machine."""
    server = socket.socket()
    server.bind(("127.0.0.1", 0))
    server.listen()
    return server


def accept(server: socket.socket, serve: Callable[[socket.socket], None]) -> None:
    """Serves each connection until the server is closed."""
    while True:
        try:
            connection, _ = server.accept()
        except OSError:
            return
        threading.Thread(target=serve, args=(connection,), daemon=True).start()


def hang_up(connection: socket.socket) -> None:
    """Reads a request and closes its connection without an answer."""
    connection.recv(65536)
    connection.close()


def answer(connection: socket.socket) -> None:
    """Answers every request with an empty object."""
    while connection.recv(65536):
        connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n{}")

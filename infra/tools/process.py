"""Child processes: started on loopback, awaited until they answer, stopped with this process."""

import os
import shutil
import signal
import socket
import subprocess
import time
import urllib.error
import urllib.request
from pathlib import Path

READY_SECONDS = 30
END_SECONDS = 10


class Failed(Exception):
    """A failure that is reported to the user by its text alone."""


class Child:
    """A program that runs until it is stopped, with its log."""

    def __init__(self, command: list[str | Path], log: Path, environment: dict[str, str]):
        self.name = Path(command[0]).name
        self.log = log
        log.parent.mkdir(parents=True, exist_ok=True)
        with log.open("wb") as output:
            self._process = subprocess.Popen(
                tied_to_this_process([str(part) for part in command]),
                env={"PATH": os.environ["PATH"], **environment},
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
                # A process group of its own, so that its children end with it.
                start_new_session=True,
            )

    @property
    def pid(self) -> int:
        """Its process id."""
        return self._process.pid

    def check(self) -> None:
        """Fails with the end of its log if it has exited."""
        if self._process.poll() is not None:
            last = self.log.read_text(errors="replace").splitlines()[-12:]
            raise Failed(f"{self.name} has exited. The end of its log:\n" + "\n".join(last))

    def wait_for(self, url: str) -> None:
        """Returns once `url` answers, with any status; without an answer, stops the program and fails."""
        try:
            self._wait_for(url)
        except Failed:
            self.stop()
            raise

    def _wait_for(self, url: str) -> None:
        end = time.monotonic() + READY_SECONDS
        while time.monotonic() < end:
            self.check()
            try:
                urllib.request.urlopen(url, timeout=5).close()
                return
            except urllib.error.HTTPError:
                return
            except OSError:
                time.sleep(0.02)
        raise Failed(f"{self.name} does not answer at {url}; its log is {self.log}")

    def stop(self) -> None:
        """Ends it and its children: by SIGTERM, then by SIGKILL."""
        if self._process.poll() is None:
            self._process.send_signal(signal.SIGTERM)
            try:
                self._process.wait(END_SECONDS)
            except subprocess.TimeoutExpired:
                pass
        try:
            os.killpg(self._process.pid, signal.SIGKILL)
        except ProcessLookupError:
            pass
        self._process.wait()

    def __enter__(self) -> "Child":
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()


def tied_to_this_process(command: list[str]) -> list[str]:
    """The command, ended by the kernel if this process dies, where setpriv is installed."""
    return ["setpriv", "--pdeathsig", "TERM", *command] if shutil.which("setpriv") else command


def free_port() -> int:
    """A port of 127.0.0.1 that was free a moment ago."""
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        return listener.getsockname()[1]

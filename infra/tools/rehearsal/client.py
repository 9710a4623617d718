"""A client of the API, with one key."""

import json
import urllib.error
import urllib.request
from dataclasses import dataclass
from typing import Any

from infra.tools.process import Failed


@dataclass(frozen=True)
class Answer:
    """An answer of the API, with any status."""

    status: int
    headers: dict[str, str]
    body: bytes

    def json(self) -> dict[str, Any]:
        """Its body, which must be a JSON object."""
        return json.loads(self.body)

    def header(self, name: str) -> str:
        """Its header `name`, which is in lower case."""
        return {key.lower(): value for key, value in self.headers.items()}[name]


class NoRedirects(urllib.request.HTTPRedirectHandler):
    """Returns redirects as answers."""

    def redirect_request(self, *_: Any) -> None:
        """Follows none."""


class Client:
    """Sends requests to the API, with one key or none."""

    def __init__(self, url: str, key: str | None):
        self._url = url
        self._key = key
        self._opener = urllib.request.build_opener(NoRedirects)

    def call(self, method: str, path: str, body: Any = None, **headers: str) -> Answer:
        """One request to `path`, below the API or a whole URL; underscores in header names are hyphens."""
        url = path if path.startswith("http") else self._url + path
        request = urllib.request.Request(url, method=method)
        if body is not None:
            request.data = json.dumps(body).encode()
            request.add_header("Content-Type", "application/json")
        if self._key and url.startswith(self._url):
            request.add_header("Authorization", f"Bearer {self._key}")
        for name, value in headers.items():
            request.add_header(name.replace("_", "-"), value)
        try:
            with self._opener.open(request, timeout=60) as response:
                return Answer(response.status, dict(response.headers), response.read())
        except urllib.error.HTTPError as error:
            return Answer(error.code, dict(error.headers), error.read())

    def ask(self, status: int, method: str, path: str, body: Any = None, **headers: str) -> Answer:
        """One request, which must be answered with `status`."""
        answer = self.call(method, path, body, **headers)
        sentence = f"{method} {path} is answered {answer.status}, not {status}: {answer.body[:500]!r}"
        expect(answer.status == status, sentence)
        return answer

    def get(self, path: str) -> dict[str, Any]:
        """The body of `GET path`, which must be answered 200."""
        return self.ask(200, "GET", path).json()


def expect(condition: bool, sentence: str) -> None:
    """Fails with `sentence`, which states the problem, unless `condition` holds."""
    if not condition:
        raise Failed(sentence)

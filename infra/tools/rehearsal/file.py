"""Downloads files by their link alone and compares them with their announced attributes."""

import hashlib
import io
import subprocess
import tempfile
import wave
from typing import Any

from infra.tools.rehearsal.client import Client, expect


def download(link: str, output: dict[str, Any]) -> bytes:
    """The file behind `link`, which needs no key. It must be the one that `output` announces."""
    keyless = Client("http://nowhere.invalid", None)
    redirect = keyless.ask(302, "GET", link)
    file = keyless.ask(200, "GET", redirect.header("location"))
    expect(len(file.body) == output["bytes"], f"the file has {len(file.body)} bytes, not {output['bytes']}")
    digest = hashlib.sha256(file.body).hexdigest()
    expect(digest == output["sha256"], "the file's SHA-256 is not the one announced")
    content_type = file.header("content-type")
    expect(content_type == output["content_type"], f"the file is {content_type}, not {output['content_type']}")
    return file.body


def wav_seconds(file: bytes) -> float:
    """The duration of a WAV file."""
    with wave.open(io.BytesIO(file)) as audio:
        return audio.getnframes() / audio.getframerate()


def mp4_seconds(file: bytes) -> float:
    """The duration of an MP4 file, by ffprobe; fails on another file."""
    expect(file[4:8] == b"ftyp", f"the file does not begin like an MP4 file but with {file[:12]!r}")
    with tempfile.NamedTemporaryFile(prefix="hookreel-film-", suffix=".mp4") as film:
        film.write(file)
        film.flush()
        arguments = ["-v", "error", "-show_entries", "format=duration", "-of", "csv=p=0", film.name]
        probed = subprocess.run(["ffprobe", *arguments], capture_output=True, text=True)
    expect(probed.returncode == 0, f"ffprobe finds no film in the file: {probed.stderr}")
    return float(probed.stdout)

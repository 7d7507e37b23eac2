"""The clips in a real Chromium: from a data URL, as in a notebook, and over HTTP."""

from __future__ import annotations

import base64
import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread
from typing import Any

import pytest

from zai_magics.sandbox.drawing.mp4 import film

sync_api = pytest.importorskip("playwright.sync_api")
pytestmark = pytest.mark.browser

_QUIET = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--autoplay-policy=no-user-gesture-required",
]

_PLAY = """async (source) => {
  const video = document.createElement("video");
  video.controls = true;
  video.src = source;
  document.body.append(video);
  const ended = new Promise((resolve) => {
    video.addEventListener("ended", () => resolve("ended"));
    video.addEventListener("error", () => resolve("error"));
  });
  await video.play();
  const outcome = await ended;
  return {
    outcome,
    error: video.error && video.error.message,
    time: video.currentTime,
    duration: video.duration,
    size: [video.videoWidth, video.videoHeight],
    frames: video.getVideoPlaybackQuality().totalVideoFrames,
    sound: video.webkitAudioDecodedByteCount,
  };
}"""

_SEEK = """async (time) => {
  const video = document.querySelector("video");
  const shown = new Promise((resolve) => video.addEventListener("seeked", resolve));
  video.currentTime = time;
  await shown;
  const canvas = document.createElement("canvas");
  [canvas.width, canvas.height] = [video.videoWidth, video.videoHeight];
  const brush = canvas.getContext("2d");
  brush.drawImage(video, 0, 0);
  return [...brush.getImageData(0, canvas.height - 40, canvas.width, 1).data];
}"""


@pytest.fixture(scope="module")
def page() -> Iterator[Any]:
    """A page of the system's Chromium: playwright's own has neither H.264 nor AAC."""
    chromium = os.environ.get("ZAI_CHROMIUM") or shutil.which("chromium")
    if chromium is None:
        pytest.skip("browser tests need Chromium on the PATH, or its path in ZAI_CHROMIUM")
    with sync_api.sync_playwright() as play:
        browser = play.chromium.launch(executable_path=chromium, args=_QUIET)
        yield browser.new_page(viewport={"width": 900, "height": 600})
        browser.close()


@contextmanager
def _served(clip: bytes) -> Iterator[str]:
    """The address of a page, with the clip beside it, on a loopback server that knows ranges."""

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            if not self.path.endswith(".mp4"):
                return self._send(200, "text/html", b"<!doctype html><body></body>")
            first = int(self.headers.get("Range", "bytes=0-")[6:].split("-")[0])
            return self._send(206, "video/mp4", clip[first:], first)

        def _send(self, status: int, kind: str, body: bytes, first: int = 0) -> None:
            self.send_response(status)
            self.send_header("Content-Type", kind)
            self.send_header("Content-Length", str(len(body)))
            self.send_header("Content-Range", f"bytes {first}-{len(clip) - 1}/{len(clip)}")
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *args: object) -> None:
            """Nothing on the terminal."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    Thread(target=server.serve_forever, daemon=True).start()
    try:
        yield f"http://127.0.0.1:{server.server_port}"
    finally:
        server.shutdown()
        server.server_close()


def _is_played(found: dict[str, Any], seconds: float) -> None:
    assert found["error"] is None and found["outcome"] == "ended"
    assert found["duration"] == pytest.approx(seconds, abs=0.05)
    assert found["time"] == pytest.approx(seconds, abs=0.05)


def test_chromium_plays_a_clip_with_sound_from_a_data_url_to_its_end(page: Any) -> None:
    clip = film("a red fox", 640, 360, seconds=2, audio=True)
    page.goto("about:blank")
    source = "data:video/mp4;base64," + base64.b64encode(clip).decode()
    found = page.evaluate(_PLAY, source)
    _is_played(found, 2)
    assert found["size"] == [640, 360]
    assert found["sound"] > 0
    # All of them but those that a busy machine was too late for are counted, shown or dropped.
    assert found["frames"] >= 55


def test_chromium_plays_a_clip_over_http_and_jumps_within_it(page: Any) -> None:
    clip = film("a red fox", 640, 360, seconds=2)
    with _served(clip) as address:
        page.goto(address)
        found = page.evaluate(_PLAY, f"{address}/clip.mp4")
        _is_played(found, 2)
        assert found["sound"] == 0
        early, late = (page.evaluate(_SEEK, time) for time in (0.0, 1.3))
    assert early != late


@pytest.mark.parametrize(
    ("width", "height", "fps"), [(1920, 1080, 60), (720, 1280, 30), (333, 77, 24), (64, 64, 1)]
)
def test_chromium_plays_every_shape(page: Any, width: int, height: int, fps: int) -> None:
    clip = film("a red fox", width, height, seconds=1, fps=fps, audio=True)
    with _served(clip) as address:
        page.goto(address)
        found = page.evaluate(_PLAY, f"{address}/clip.mp4")
    _is_played(found, 1)
    assert found["size"] == [width + width % 2, height + height % 2]

"""What showing a streamed reply costs in a real kernel: `python tests/benchmarks/bench_display.py`.

Each figure is a ratio or a time within one run. `--all` adds the stream of 100 s and the loading
of the extension.
"""

from __future__ import annotations

import itertools
import os
import statistics
import sys
import tempfile
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import psutil

# A script finds its helpers and the package by itself; hence the late imports.
sys.path[:0] = [str(Path(__file__).parents[1] / "kernel"), str(Path(__file__).parents[2])]
from running import Kernel, Run  # noqa: E402
from scripted import DONE, HEAD, Peer, Server, delta  # noqa: E402

from zai_magics.sandbox.script import long_text  # noqa: E402

RATE = 200  # tokens a second
_MARK_EVERY = 10
_cells = itertools.count(1)

# The same stream without any rendering: what has come is printed ten times a second.
PRINTING = """
import time
import zai_magics as zm
waiting, due = [], 0.0
with zm.Client().stream("hello") as stream:
    for delta in stream:
        waiting.append(delta.text)
        if time.monotonic() >= due:
            print("".join(waiting), end="", flush=True)
            waiting, due = [], time.monotonic() + 0.1
print("".join(waiting))
"""
CHAT = "%%zai chat --alone\nhello"


def tokens(count: int) -> list[str]:
    """Varied Markdown in pieces of about four characters; every tenth is a word of its own."""
    text = long_text()
    pieces: list[str] = []
    for n in itertools.count():
        body = text if n == 0 else text.replace("## ", "## Again ")
        pieces += [body[i : i + 4] for i in range(0, len(body), 4)]
        pieces.append("\n\n")
        if len(pieces) >= count:
            break
    pieces = pieces[:count]
    for n in range(0, count, _MARK_EVERY):
        # Between two letters, so that no markup is broken.
        if pieces[n].isalpha():
            pieces[n] = f"{pieces[n]}{mark(n)}"
    return pieces


def mark(number: int) -> str:
    """A word that stands for one token and for no other."""
    return f"Q{number}Z"


@dataclass
class Stream:
    """A reply sent at a steady rate, as the kernel's front-end got it."""

    pieces: list[str]
    sent: list[float]
    run: Run
    cpu: float

    @property
    def text(self) -> str:
        """The whole reply."""
        return "".join(self.pieces)

    @property
    def ratio(self) -> float:
        """Bytes of the displays' contents for each byte of text."""
        return self.run.size(("content",)) / len(self.text.encode())

    @property
    def lags(self) -> list[float]:
        """For each marked token the seconds from its sending to the display that has it."""
        kinds = ("display_data", "update_display_data")
        shown = [(t, c["data"]["text/html"]) for t, c in self.run.of(*kinds)]
        found, at = [], 0
        for n in range(0, len(self.pieces), _MARK_EVERY):
            if mark(n) not in self.pieces[n] or mark(n) not in shown[-1][1]:
                continue  # not marked, or marked within an address, which is written otherwise
            while mark(n) not in shown[at][1]:
                at += 1
            found.append(shown[at][0] - self.sent[n])
        return sorted(found)

    @property
    def p95(self) -> float:
        """The lag that 95 of 100 tokens stay below, in seconds."""
        return self.lags[int(len(self.lags) * 0.95)]


def steady(
    pieces: list[str], rate: float, sent: list[float], silence: float = 0.0
) -> Callable[[Peer], None]:
    """A script that sends a piece every 1/rate seconds and notes when; rate 0 is at once.

    `silence` is how long it says nothing at first.
    """

    def script(peer: Peer) -> None:
        time.sleep(silence)
        peer.send(HEAD)
        began = time.monotonic()
        for n, piece in enumerate(pieces):
            pause = began + n / rate - time.monotonic() if rate else 0
            if pause > 0:
                time.sleep(pause)
            sent.append(time.monotonic())
            peer.send(delta(piece))
        peer.send(delta(finish="stop") + DONE)

    return script


def stream(kernel: Kernel, server: Server, count: int, rate: float, code: str = CHAT) -> Stream:
    """Let the kernel show a reply of so many tokens."""
    pieces, sent = tokens(count), list[float]()
    server.script = steady(pieces, rate, sent)
    process = psutil.Process(kernel.pid)
    before = process.cpu_times()
    run = kernel.run(code, f"cell-{next(_cells)}", limit=400)
    after = process.cpu_times()
    assert run.status == "ok", run.of("error")
    return Stream(pieces, sent, run, after.user + after.system - before.user - before.system)


def first_text(kernel: Kernel, server: Server, times: int = 10) -> list[float]:
    """Seconds from the first byte of text, which takes 0.3 s to come, to its display."""
    found = []
    for _ in range(times):
        sent: list[float] = []
        server.script = steady([mark(0), *[" and more"] * 10], 20, sent, silence=0.3)
        run = kernel.run(CHAT, f"cell-{next(_cells)}")
        found.append(kernel.wait(run, mark(0)) - sent[0])
    return found


def interrupts(kernel: Kernel, server: Server, times: int = 20) -> list[float]:
    """Seconds from the stop button to the idle kernel, in mid-stream."""
    found = []
    for _ in range(times):
        server.script = steady(tokens(4000), RATE, [])
        run = kernel.begin(CHAT, f"cell-{next(_cells)}")
        kernel.wait(run, "page grows")
        pressed = kernel.interrupt()
        kernel.end(run)
        found.append(run.ended - pressed)
    return found


LOADING = """
import time as _t
_b = _t.process_time()
{}
print(_t.process_time() - _b)
"""


def loading(url: str, rounds: int = 5) -> float:
    """CPU of %load_ext ÷ CPU of `import httpx`, each in fresh kernels, taken in turns."""
    ours, theirs = [], []
    for _ in range(rounds):
        for code, into in (("%load_ext zai_magics", ours), ("import httpx", theirs)):
            with Kernel(Path(tempfile.mkdtemp()), {"ZAI_BASE_URL": url}) as kernel:
                into.append(float(kernel.run(LOADING.format(code)).text))
    return statistics.median(ours) / statistics.median(theirs)


def report(stream: Stream, name: str) -> str:
    """One stream's figures in a line."""
    lags = stream.lags
    return (
        f"{name}: {len(stream.run.displays)} displays, {stream.run.size() / 1e6:.2f} MB with "
        f"headers; content ÷ {len(stream.text.encode()) / 1e3:.1f} kB of text {stream.ratio:.1f}, "
        f"with headers {stream.run.size() / len(stream.text.encode()):.1f}; lag median "
        f"{statistics.median(lags) * 1e3:.0f} p95 {stream.p95 * 1e3:.0f} max "
        f"{lags[-1] * 1e3:.0f} ms; kernel CPU {stream.cpu:.2f} s"
    )


def main() -> None:
    """Print every figure."""
    with Server() as server, Kernel(Path(tempfile.mkdtemp()), _environment(server)) as kernel:
        kernel.run("%load_ext zai_magics")
        cold = first_text(kernel, server, 1)[0]
        warm = sorted(first_text(kernel, server))
        print(f"first text: cold {cold * 1e3:.0f} ms, then median {warm[5] * 1e3:.0f} ms")
        short = stream(kernel, server, 2000, RATE)
        print(report(short, "2,000 tokens in 10 s"))
        plain = stream(kernel, server, 2000, RATE, PRINTING)
        print(f"  CPU of the same, printed: {plain.cpu:.2f} s; ratio {short.cpu / plain.cpu:.2f}")
        for count in (6000, 20000):
            print(report(stream(kernel, server, count, 0), f"{count:,} tokens at once"))
        taken = sorted(interrupts(kernel, server))
        print(f"interrupt to idle: median {taken[10] * 1e3:.0f}, max {taken[-1] * 1e3:.0f} ms")
        if "--all" in sys.argv:
            print(report(stream(kernel, server, 20000, RATE), "20,000 tokens in 100 s"))
            print(f"%load_ext ÷ import httpx: {loading(server.url):.2f}")


def _environment(server: Server) -> dict[str, str]:
    # With byte code, as the package is when it is installed.
    os.environ.pop("PYTHONDONTWRITEBYTECODE", None)
    os.environ["PYTHONPYCACHEPREFIX"] = tempfile.mkdtemp()
    return {"ZAI_BASE_URL": server.url, "ZAI_API_KEY": "bench-key"}


if __name__ == "__main__":
    main()

"""A server in a process of its own, for benchmarks: canned answers over kept connections.

`python peer_server.py` prints its port. The path's last part decides: `…/chat/completions` with
`"stream":true` streams as many chunks as the request's `max_tokens`, each in an HTTP chunk of its
own; anything else gets one small completion.
"""

from __future__ import annotations

import json
import re
import socket
import threading

HEAD = b"HTTP/1.1 200 OK\r\nContent-Type: text/event-stream;charset=UTF-8\r\n"
USAGE = {"prompt_tokens": 10, "completion_tokens": 20, "total_tokens": 30}


def completion() -> bytes:
    """One small answer with its head."""
    message = {"role": "assistant", "content": "Hello! How can I help you today?"}
    choice = {"index": 0, "message": message, "finish_reason": "stop"}
    body = {"id": "1", "object": "chat.completion", "created": 1, "model": "glm-4.7"}
    content = json.dumps({**body, "choices": [choice], "usage": USAGE}).encode()
    head = "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: %d\r\n\r\n"
    return (head % len(content)).encode() + content


def stream(count: int) -> bytes:
    """`count` chunks in the service's form, [DONE], and the end."""
    base = {"id": "20261122000000abcdef0123456789", "created": 1, "object": "chat.completion.chunk"}
    frames = []
    for number in range(count):
        delta = {"role": "assistant", "content": f"word{number % 97} "}
        choice: dict[str, object] = {"index": 0, "delta": delta}
        event: dict[str, object] = {**base, "model": "glm-4.7", "choices": [choice]}
        if number == count - 1:
            choice["finish_reason"], event["usage"] = "stop", USAGE
        frames.append(b"data: " + json.dumps(event, separators=(",", ":")).encode() + b"\n\n")
    frames.append(b"data: [DONE]\n\n")
    chunks = b"".join(b"%x\r\n%b\r\n" % (len(f), f) for f in frames)
    return HEAD + b"Transfer-Encoding: chunked\r\n\r\n" + chunks + b"0\r\n\r\n"


def serve(connection: socket.socket, small: bytes, streams: dict[int, bytes]) -> None:
    """Answer the requests of one connection until it ends."""
    connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    with connection, connection.makefile("rb") as file:
        while file.readline():
            length = 0
            while (line := file.readline().lower()) not in (b"\r\n", b""):
                if line.startswith(b"content-length:"):
                    length = int(line.split(b":")[1])
            body = file.read(length)
            if not re.search(rb'"stream": ?true', body):
                connection.sendall(small)
                continue
            count = int(re.findall(rb'"max_tokens": ?(\d+)', body)[0])
            if count not in streams:
                streams[count] = stream(count)
            connection.sendall(streams[count])


def main() -> None:
    """Listen on a free port and print it."""
    streams: dict[int, bytes] = {}
    listener = socket.create_server(("127.0.0.1", 0), backlog=64)
    print(listener.getsockname()[1], flush=True)
    while True:
        connection, _ = listener.accept()
        args = (connection, completion(), streams)
        threading.Thread(target=serve, args=args, daemon=True).start()


if __name__ == "__main__":
    main()

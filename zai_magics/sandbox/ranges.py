"""Parts of a file: players fetch the end of a film before its middle."""

from __future__ import annotations

import re
from dataclasses import replace

from .answers import Answer, dumps

_RANGE = re.compile(r"bytes=([0-9]{0,15})-([0-9]{0,15})", re.ASCII)


def ranged(answer: Answer, wanted: str) -> Answer:
    """The part that a Range header asks for: `ranged(answer, "bytes=0-99")` has status 206.

    Only one range of a file is served; several, or nonsense, get the whole file, which HTTP
    allows. Status 416 if the range begins behind the end.
    """
    match = _RANGE.fullmatch(wanted.strip())
    if match is None or answer.status != 200 or "Accept-Ranges" not in answer.headers:
        return answer
    size = len(answer.body)
    first, last = match[1], match[2]
    if first:
        start, end = int(first), min(int(last) if last else size, size - 1)
    elif last:
        # "bytes=-100": the last hundred.
        start, end = max(0, size - int(last)), size - 1
    else:
        return answer
    if first and last and int(last) < int(first):
        return answer
    if start >= size:
        headers = {"Content-Range": f"bytes */{size}"}
        return Answer(416, dumps({"RetCode": -1, "ErrMsg": "invalid range"}), headers=headers)
    headers = {**answer.headers, "Content-Range": f"bytes {start}-{end}/{size}"}
    return replace(answer, status=206, body=answer.body[start : end + 1], headers=headers)

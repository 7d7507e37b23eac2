"""A kernel that maps rows until it is killed: `python worker.py ROWS`."""

from __future__ import annotations

import sys

import pandas

from zai_magics.options import MapOptions
from zai_magics.session import Session


def main(rows: int) -> None:
    session = Session()
    frame = pandas.DataFrame({"n": range(rows)})
    last = list(session.map(frame, "row {{ n }}", MapOptions()))[-1]
    print(last.done, last.stored, last.failed)


if __name__ == "__main__":
    main(int(sys.argv[1]))

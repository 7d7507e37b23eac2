"""Rows that are damaged, or that somebody has planted: no command ends in a traceback for ever,
and nothing is bought twice.
"""

from __future__ import annotations

import os
import sqlite3
from pathlib import Path

import pytest
from books import restart, shown
from shell_cells import Cells
from shop import Shop, drop, interrupt, png

FILE = Path("zai-home") / "journal.db"
FINE = ("%zai", "%zai chat hi again", "%zai jobs", "%zai history", "%zai log", "%zai log cat")
MAY_FAIL = (
    *("%zai image a cat", "%zai image a dog", "%zai video a bird", "%zai video a fish"),
    *("%zai wait", "%zai wait #1", "%zai wait #2", "%zai wait #3", "%zai wait #4"),
    *(
        "%zai log --open 1",
        "%zai log --open 5",
        "%zai log --open 6",
        "%zai fork z",
        "%zai use main",
    ),
    *("%zai export x.md", "%zai export x.ipynb", "%zai export x.json", "%zai log --forget 6"),
)
DONE = "update calls set result = json_set(result, {}) where state = 'done'"
ODD_CHAT = (
    '{"usage": [1, 2, 3, 4e99], "thinking": [5], "tools": [[1, 2, 3, 4, 5], ["a", "b"], 7],'
    ' "finish_reason": 5, "elapsed": "x", "thought_for": NaN, "note": 7, "request_id": {}}'
)
CHANGES = [
    "update calls set params = '[1]', at = 9e10, cost = 'abc'",
    "update calls set at = 1e300",
    "update calls set at = 'x', cost = 1e999",
    f"update calls set result = '{ODD_CHAT}' where kind = 'chat'",
    """update calls set result = '{"tools": 5, "usage": [-1, 0, 0, 0]}' where kind = 'chat'""",
    r"""update calls set result = '{"thinking": "\ud83d", "note": "\udc00"}' where kind = 'chat'""",
    "update calls set model = x'ff00', endpoint = 5, cell = 7, conversation = x'00', job = x'ff'",
    "update calls set result = x'ff00', params = '[[[['",
    "update calls set state = 'weird'",
    "update calls set prompt = 999999, asked = -1, reply = 'x'",
    "update conversations set name = x'ff'",
    "update conversations set name = 'a' || char(10) || char(27) || '[31m'",
    "insert into conversations (notebook, name, system, used)"
    " select notebook, x'6162', x'63', 9e300 from conversations",
    "update conversations set system = x'ff', used = 'zz'",
    "update turns set position = x'00' where ordinal = 0 and call = 5",
    "update turns set cell = x'01' || call, ordinal = 'x' || call",
    """update messages set more =
 '{"role": "user", "content": [5, {"text": 7}, {"type": "text"}, {"image_url": 5}]}'""",
    """update messages set more = '{"role": 5, "content": 5, "tool_calls": [5]}'""",
    "update messages set more = x'ff', role = x'ff', text = x'ff00'",
    """update calls set result = '{"route": "/async-result"}' where state = 'submitted'""",
    """update calls set result = '{"route": "/x", "cover_url": 5, "urls": null}'
 where state = 'submitted'""",
    """update calls set state = 'submitted', result = '{"links": [5]}' where kind = 'image'""",
    """update calls set state = 'submitted', result = '{"links": [[5, 6]]}' where kind = 'image'""",
    """update calls set state = 'submitted', result = '{"links": 5}' where kind = 'image'""",
    "update calls set state = 'submitted', result = '{}' where kind = 'image'",
    "update calls set state = 'submitted', job = '' where kind = 'video'",
    """update calls set state = 'failed', result = '{"error": {"a": [1]}}' where id = 3""",
    DONE.format("'$.files[0].path', 'a' || char(0) || 'b'"),
    DONE.format("'$.files[0].path', hex(zeroblob(5000))"),
    DONE.format("'$.files[0].blob', 5, '$.files[0].elapsed', 9e999"),
    "update facts set value = 'x'",
    "update facts set value = 9223372036854775807",
    "delete from facts",
    "update calls set id = 9223372036854775807 where id = 6",
    "update threads set parent = id, message = 'x' || id",
]


def bought(cells: Cells, shop: Shop) -> None:
    """One order of each kind and state (#1 to #4), then chats with and without a picture."""
    shop.on_order = drop
    cells.run("%zai image a dog", "1")
    shop.on_order = lambda number: None
    cells.run("%zai image a cat", "2")
    cells.run("%zai video a bird", "3")
    shop.polls, shop.nap = 10**6, interrupt
    cells.run("%zai video a fish", "4")
    shop.polls, shop.nap = 0, lambda seconds: None
    Path("dot.png").write_bytes(png(3) + bytes(2000))
    cells.run("%zai chat hi", "5")
    cells.run("%zai chat -a dot.png see", "6")
    cells.zai.session.journal.close()


def orders(shop: Shop) -> int:
    return sum("/chat/" not in path for path, _ in shop.sold)


@pytest.mark.parametrize("change", CHANGES)
def test_every_command_goes_on_or_fails_in_one_line_and_buys_nothing_twice(
    cells: Cells, shop: Shop, change: str
) -> None:
    bought(cells, shop)
    before = orders(shop)
    db = sqlite3.connect(FILE, isolation_level=None)
    db.execute(change)
    lost = db.execute("select count(*) from calls where state = 'failed'").fetchone()[0]
    db.close()
    restart(cells)
    for number, line in enumerate((*FINE, *MAY_FAIL)):
        ran = cells.run(line, f"later {number}")
        said = "".join((ran.out, *map(str, ran.displays)))
        assert "Traceback" not in said, f"{line}: {said}"
        assert ran.ok or line not in FINE, f"{line}: {ran.error}"
        assert ran.ok or type(ran.error).__module__.startswith("zai_magics"), f"{line}: {ran.error}"
    assert orders(shop) == before + lost, os.linesep.join(map(str, shop.sold))


def test_an_order_of_an_odd_state_is_listed_as_unknown(cells: Cells, shop: Shop) -> None:
    bought(cells, shop)
    db = sqlite3.connect(FILE, isolation_level=None)
    db.execute("update calls set state = upper(state), prompt = 999999")
    db.close()
    restart(cells)
    listed = shown(cells.run("%zai jobs", "later"))
    assert listed.count("unknown: may have been charged") == 4

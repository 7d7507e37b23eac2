"""The event parser: bytes however they are cut, lines however they end."""

from __future__ import annotations

import json
from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from zai_magics.errors import BadAnswer
from zai_magics.wire.events import EventParser, objects

BOM = b"\xef\xbb\xbf"
# Everything legal at once: BOM, comments, several data lines, no space, other fields.
LEGAL = (
    BOM + b": a comment\n\ndata: one\n\ndata:two\ndata: lines\n\n"
    b'event: x\nid: 7\nretry: 5\ndata: {"a": "\xe2\x80\xa8\xc2\x85\x0b\x0c\xf0\x9f\x99\x82"}\n\n'
    b": ping\n\ndata:  two spaces\n\ndata: [DONE]\n\n"
)
MEANT = [
    b"one",
    b"two\nlines",
    '{"a": "\u2028\x85\x0b\x0c🙂"}'.encode(),
    b" two spaces",
    b"[DONE]",
]
ENDS = [b"\n", b"\r", b"\r\n"]


def parsed(*packets: bytes) -> list[bytes]:
    parser = EventParser()
    found = [data for packet in packets for data in parser.feed(packet)]
    return found + parser.close()


@pytest.mark.parametrize("end", ENDS, ids=["LF", "CR", "CRLF"])
def test_every_way_to_cut_a_stream_in_two_gives_the_same_events(end: bytes) -> None:
    data = LEGAL.replace(b"\n", end)
    for place in range(len(data) + 1):
        assert parsed(data[:place], data[place:]) == MEANT, place


@pytest.mark.parametrize("end", ENDS, ids=["LF", "CR", "CRLF"])
def test_one_byte_a_packet_is_legal(end: bytes) -> None:
    data = LEGAL.replace(b"\n", end)
    assert parsed(*(data[i : i + 1] for i in range(len(data)))) == MEANT


def test_an_event_is_given_as_soon_as_its_blank_line_has_come() -> None:
    parser = EventParser()
    assert parser.feed(b"data: a\n") == []
    assert parser.feed(b"\n") == [b"a"]
    assert parser.feed(b"data: b\r\r") == [b"b"]
    assert parser.feed(b"data: c\r\n\r") == [b"c"]
    assert parser.feed(b"\n") == []


def test_empty_packets_change_nothing() -> None:
    assert parsed(b"data: a\r", b"", b"\n", b"", b"\r\n", b"") == [b"a"]


@given(
    st.lists(st.binary(max_size=30), max_size=6),
    st.sampled_from(ENDS),
    st.lists(st.integers(0, 400), max_size=12),
)
@settings(max_examples=150, deadline=None)
def test_any_chunking_gives_the_same_events(
    values: list[bytes], end: bytes, cuts: list[int]
) -> None:
    clean = [v.replace(b"\r", b"").replace(b"\n", b"") for v in values]
    data = b"".join(b"data: " + v + end + end for v in clean)
    places = [0, *sorted(min(c, len(data)) for c in cuts), len(data)]
    packets = [data[a:b] for a, b in pairwise(places)]
    assert parsed(*packets) == clean


@given(st.lists(st.binary(max_size=40), max_size=20))
@settings(max_examples=150, deadline=None)
def test_any_bytes_are_parsed_alike_whole_and_in_packets(packets: list[bytes]) -> None:
    assert parsed(*packets) == parsed(b"".join(packets))


def test_a_last_event_without_its_blank_line_is_given_at_the_end() -> None:
    assert parsed(b"data: a\n\ndata: b") == [b"a", b"b"]


def test_a_byte_order_mark_counts_at_the_very_beginning_only() -> None:
    assert parsed(BOM + b"data: a\n\n" + BOM + b"data: b\n\n") == [b"a"]
    assert parsed(BOM + b"data: alone") == [b"alone"]


def test_an_event_over_16_mb_is_refused_in_one_line_and_in_many() -> None:
    with pytest.raises(BadAnswer, match="16 MB"):
        parsed(b"data: ", *[b"x" * (1 << 20)] * 17)
    with pytest.raises(BadAnswer, match="16 MB"):
        parsed(*[b"data: " + b"x" * (1 << 20) + b"\n"] * 17)


def test_many_events_that_are_small_are_no_large_event() -> None:
    packet = b"data: " + b"x" * (1 << 20) + b"\n\n"
    assert len(parsed(*[packet] * 20)) == 20


def test_glued_frames_are_separated_and_the_cut_one_is_counted() -> None:
    found, bad = objects(b'{"choices":[{"delta":{"contedata: {"n":1}')
    assert (found, bad) == ([{"n": 1}], 1)
    found, bad = objects(b'{"n":1}data: {"n":2}data:{"n":3}')
    assert (found, bad) == ([{"n": 1}, {"n": 2}, {"n": 3}], 0)


def test_the_words_of_the_glue_inside_valid_json_are_text() -> None:
    event = {"content": 'data: {"x": 1} and data:{'}
    assert objects(json.dumps(event).encode()) == ([event], 0)


@pytest.mark.parametrize("data", [b"{", b"[1]", b"7", b"null", b'"a"', b"[" * 100_000])
def test_data_that_is_no_object_is_counted_not_raised(data: bytes) -> None:
    assert objects(data) == ([], 1)


def test_an_empty_event_is_a_sign_of_life_and_no_loss() -> None:
    assert parsed(b"data:\n\ndata: \n\n") == [b"", b""]
    assert objects(b"") == ([], 0)


def test_invalid_utf_8_costs_a_character_not_the_event() -> None:
    assert objects(b'{"a":"x\xff\xfey\xc3"}') == ([{"a": "x\ufffd\ufffdy\ufffd"}], 0)

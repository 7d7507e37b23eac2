"""Links: where they may lead, and that a reader sees where."""

from __future__ import annotations

import pytest
from allowed import faults, visible

from zai_magics.render import safe
from zai_magics.render.links import host


@pytest.mark.parametrize(
    ("url", "shown"),
    [
        ("http://a.example", "a.example"),
        ("HTTPS://A.Example:8080/x?y#z", "a.example:8080"),
        ("https://xn--80ak6aa92e.com/", "xn--80ak6aa92e.com"),
        ("http://[::1]:80/", "[::1]:80"),
        ("mailto:ann@a.example?subject=x", "ann@a.example"),
    ],
)
def test_web_and_mail_addresses_are_links_with_a_host(url: str, shown: str) -> None:
    assert host(url) == shown


@pytest.mark.parametrize(
    "url",
    [
        "javascript:alert(1)",
        "JAVASCRIPT://a.example/%0Aalert(1)",
        "data:text/html,x",
        "vbscript:x",
        "file:///etc/passwd",
        "blob:http://a.example/x",
        "//a.example/x",
        "/lab",
        "x.html",
        "#id",
        "",
        "http:a.example",
        "http:/a.example",
        "http:///a.example",
        "http://user@a.example/",
        "http://good.example%5C@a.example/",
        "http://good.example\\@a.example/",
        "http://a.example\t/",
        "http://a.example/<x>",
        "http://%61.example/",
        "http://a..\u202e/",
        "http://a.example:999999/",
        "mailto:",
        "mailto:x",
        "ftp://a.example/",
        "http://a.example/" + "z" * 3_000,
    ],
)
def test_nothing_else_is_a_link(url: str) -> None:
    assert host(url) is None
    html = safe.markdown(f"[text](<{url}>)")
    assert "text" in visible(html)
    for link in html.split('<a href="')[1:]:  # a good part of it may be one, as it is read
        found = link.split('"')[0]
        assert found != url and link.split(">")[1].removesuffix("</a") == found
        assert "user" not in found and "good.example" not in found


@pytest.mark.parametrize(
    ("text", "url", "added"),
    [
        ("the docs", "https://a.example/x", " (a.example)"),
        ("a.example", "https://a.example/x", ""),
        ("https://a.example/x", "https://a.example/x", ""),
        ("A.EXAMPLE/x", "https://a.example/", ""),
        ("https://good.example", "https://a.example/", " (a.example)"),
        ("good.example/?a.example", "https://a.example/", " (a.example)"),
        ("a.example.good.example", "https://a.example/", " (a.example)"),
        ("a.example@good.example", "https://a.example/", " (a.example)"),
        ("a.example:80", "https://a.example/", " (a.example)"),
        ("`code`", "https://a.example/", " (a.example)"),
    ],
)
def test_the_host_stands_behind_a_link_that_does_not_begin_with_it(
    text: str, url: str, added: str
) -> None:
    html = safe.markdown(f"[{text}]({url})")
    assert visible(html).strip() == text.strip("`") + added
    assert f'href="{url}"' in html
    assert 'target="_blank" rel="noopener noreferrer"' in html
    assert faults(html) == []


def test_a_bare_address_is_a_link_without_the_punctuation_around_it() -> None:
    html = safe.markdown("See https://a.example/b_c(d)?e=f. (http://b.example), http://c.example!")
    assert [part.split('"')[0] for part in html.split('href="')[1:]] == [
        "https://a.example/b_c(d)?e=f",
        "http://b.example",
        "http://c.example",
    ]
    assert visible(html).strip().startswith("See https://a.example/b_c(d)?e=f. (http://b.ex")


def test_an_address_in_code_or_in_a_link_is_not_linked_again() -> None:
    assert "<a " not in safe.markdown("`https://a.example`")
    assert safe.markdown("[https://a.example](https://a.example)").count("<a ") == 1


def test_an_international_host_is_shown_in_the_letters_that_are_sent() -> None:
    assert "(xn--pple-43d.com)" in visible(safe.markdown("[apple.com](http://\u0430pple.com/)"))


def test_titles_of_links_are_not_taken_over() -> None:
    assert "title" not in safe.markdown('[a](http://a.example "title")')

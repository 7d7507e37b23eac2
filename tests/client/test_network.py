"""Real proxies and certificates: the environment's are used, and what is wrong is named."""

from __future__ import annotations

import contextlib
import ssl
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest
import trustme
from loopback import DONE, KEY, Clock, Loopback, delta, http, reply, stream
from proxy import Proxy

from zai_magics import errors as e
from zai_magics import media
from zai_magics.client import Client

NAME = "api.test"
URL = f"https://{NAME}/api/paas/v4"
PNG = b"\x89PNG\r\n\x1a\n" + b"p" * 500


@pytest.fixture(scope="module")
def ca() -> trustme.CA:
    """A certificate authority that nobody knows."""
    return trustme.CA()


@pytest.fixture
def secure(ca: trustme.CA, serve: Callable[..., Loopback]) -> Callable[..., Loopback]:
    """`secure(reply("Hi"))`: a TLS server that is https://api.test by its certificate."""

    def made(*answers: bytes, name: str = NAME) -> Loopback:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        ca.issue_cert(name).configure_cert(context)
        return serve(*answers, tls=context)

    return made


@pytest.fixture
def through(monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[..., Proxy]]:
    """`proxy = through(server)`: a running proxy that the environment names."""
    with ExitStack() as stack:

        def made(server: Loopback, variable: str = "HTTPS_PROXY", refusal: bytes = b"") -> Proxy:
            names = {NAME: server.port, "files.test": server.port, "other.test": server.port}
            proxy = stack.enter_context(Proxy(names, refusal))
            monkeypatch.setenv(variable, proxy.url)
            return proxy

        yield made


@pytest.fixture
def trusted(ca: trustme.CA, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The authority's certificate in a file that SSL_CERT_FILE names."""
    file = tmp_path / "ca.pem"
    ca.cert_pem.write_to_path(str(file))
    monkeypatch.setenv("SSL_CERT_FILE", str(file))
    return file


@pytest.fixture
def client(clock: Clock) -> Iterator[Callable[[], Client]]:
    """A client of https://api.test, made after the environment is set."""
    with ExitStack() as stack:
        yield lambda: stack.enter_context(Client(KEY, base_url=URL, timing=clock.timing))


@pytest.mark.parametrize("variable", ["HTTPS_PROXY", "https_proxy", "ALL_PROXY", "all_proxy"])
def test_chats_orders_and_files_go_through_the_proxy(
    secure: Callable[..., Loopback],
    through: Callable[..., Proxy],
    trusted: Path,
    client: Callable[[], Client],
    variable: str,
) -> None:
    link = http({"data": [{"url": "https://files.test/1.png"}]})
    server = secure(reply(), stream(delta("stop", content="Hi"), DONE), link)
    proxy = through(server, variable)
    made = client()
    assert made.chat("hi") == "Hello"
    assert [d.text for d in made.stream("hi")] == ["Hi"]
    assert made.image("a cat") == ["https://files.test/1.png"]
    # Chats share a tunnel, the order has its own; the proxy never sees the key.
    assert [a[:2] for a in proxy.asked] == [("CONNECT", f"{NAME}:443")] * 2
    assert KEY not in repr(proxy.asked)
    assert [a.headers["authorization"] for a in server.asked] == [f"Bearer {KEY}"] * 3


def test_a_file_comes_through_the_proxy_and_without_the_key(
    secure: Callable[..., Loopback],
    through: Callable[..., Proxy],
    trusted: Path,
    client: Callable[[], Client],
) -> None:
    server = secure(http(PNG), name="files.test")
    proxy = through(server)
    assert media.fetch(client().network, "https://files.test/1.png") == PNG
    assert proxy.asked[0].path == "files.test:443"
    assert "authorization" not in server.asked[0].headers


def test_a_proxy_that_refuses_is_named_and_nothing_was_sent(
    secure: Callable[..., Loopback], through: Callable[..., Proxy], client: Callable[[], Client]
) -> None:
    proxy = through(secure(reply()), refusal=http(b"", 407, Proxy_Authenticate="Basic"))
    with pytest.raises(
        e.ConnectionFailed, match=r"cannot connect to api\.test.*407.*proxy"
    ) as caught:
        client().image("a cat")
    assert caught.value.outcome == "unsent" and len(proxy.asked) == 4


def test_the_password_of_a_proxy_is_sent_to_it_and_shown_to_no_one(
    secure: Callable[..., Loopback],
    through: Callable[..., Proxy],
    trusted: Path,
    client: Callable[[], Client],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    server = secure(reply())
    proxy = through(server)
    secret = proxy.url.replace("http://", "http://user:hunter2@")
    monkeypatch.setenv("HTTPS_PROXY", secret)
    assert client().chat("hi") == "Hello"
    assert proxy.asked[0].headers["proxy-authorization"].startswith("Basic ")
    monkeypatch.setenv("HTTPS_PROXY", secret.replace("http://", "gopher://"))
    with pytest.raises(e.ConnectionFailed) as caught:
        client().chat("hi")
    assert "hunter2" not in str(caught.value)


@pytest.mark.parametrize("no_proxy", ["api.test", ".test", "test", "*"])
def test_no_proxy_is_honoured(
    secure: Callable[..., Loopback],
    through: Callable[..., Proxy],
    client: Callable[[], Client],
    monkeypatch: pytest.MonkeyPatch,
    no_proxy: str,
) -> None:
    proxy = through(secure(reply()))
    monkeypatch.setenv("NO_PROXY", no_proxy)
    with pytest.raises(e.ConnectionFailed, match=r"cannot connect to api\.test"):
        client().chat("hi")  # there is no such name without the proxy
    assert not proxy.asked


def test_loopback_never_goes_through_a_proxy(
    serve: Callable[..., Loopback], through: Callable[..., Proxy], clock: Clock
) -> None:
    server = serve(reply(), http({"data": [{"url": "u"}]}), http(PNG))
    proxies = [through(server, name) for name in ("HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY")]
    made = Client(KEY, base_url=server.url, timing=clock.timing)
    made.chat("hi")
    made.image("a cat")
    media.fetch(made.network, f"{server.origin}/1.png")
    named = Client(KEY, base_url=server.url.replace("127.0.0.1", "localhost"), timing=clock.timing)
    with contextlib.suppress(e.ZaiError):  # it may be ::1, where nobody listens
        named.models()
    assert len(server.asked) >= 3 and not any(p.asked for p in proxies)


@pytest.mark.parametrize(
    "value", ["socks5://127.0.0.1:1", "what is this", "gopher://h:1", "http://[x"]
)
def test_a_proxy_that_cannot_be_used_is_one_clear_line(
    client: Callable[[], Client], monkeypatch: pytest.MonkeyPatch, value: str
) -> None:
    monkeypatch.setenv("ALL_PROXY", value)
    with pytest.raises(e.ConnectionFailed) as caught:
        client().chat("hi")
    assert "proxy" in str(caught.value).lower() and "\n" not in str(caught.value)


# Certificates


@pytest.mark.parametrize("variable", ["SSL_CERT_FILE", "REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE"])
def test_a_private_authority_is_trusted_by_its_file(
    secure: Callable[..., Loopback],
    through: Callable[..., Proxy],
    trusted: Path,
    client: Callable[[], Client],
    monkeypatch: pytest.MonkeyPatch,
    variable: str,
) -> None:
    monkeypatch.delenv("SSL_CERT_FILE")
    monkeypatch.setenv(variable, str(trusted))
    through(secure(reply()))
    assert client().chat("hi") == "Hello"


@pytest.mark.parametrize("variable", ["SSL_CERT_DIR", "REQUESTS_CA_BUNDLE"])
def test_a_private_authority_is_trusted_by_its_folder(
    secure: Callable[..., Loopback],
    through: Callable[..., Proxy],
    trusted: Path,
    tmp_path: Path,
    client: Callable[[], Client],
    monkeypatch: pytest.MonkeyPatch,
    variable: str,
) -> None:
    monkeypatch.delenv("SSL_CERT_FILE")
    folder = tmp_path / "certs"
    folder.mkdir()
    try:
        hashed = ["openssl", "x509", "-hash", "-noout", "-in", str(trusted)]
        name = subprocess.run(hashed, capture_output=True, text=True, check=True).stdout.strip()
    except (OSError, subprocess.CalledProcessError):
        pytest.skip("no openssl to hash the name with")
    (folder / f"{name}.0").write_bytes(trusted.read_bytes())
    monkeypatch.setenv(variable, str(folder))
    through(secure(reply()))
    assert client().chat("hi") == "Hello"


@pytest.mark.parametrize("ask", ["chat", "image"])
def test_an_unknown_authority_is_one_line_that_names_ssl_cert_file(
    secure: Callable[..., Loopback],
    through: Callable[..., Proxy],
    client: Callable[[], Client],
    ask: str,
) -> None:
    server = secure(reply())
    through(server)
    with pytest.raises(
        e.ConnectionFailed, match=r"CERTIFICATE_VERIFY_FAILED.*SSL_CERT_FILE"
    ) as caught:
        getattr(client(), ask)("hi")
    assert "\n" not in str(caught.value) and len(str(caught.value)) < 400
    assert caught.value.outcome == "unsent" and not server.asked


def test_a_certificate_for_another_name_is_refused(
    secure: Callable[..., Loopback],
    through: Callable[..., Proxy],
    trusted: Path,
    client: Callable[[], Client],
) -> None:
    server = secure(reply(), name="other.test")
    through(server)
    with pytest.raises(e.ConnectionFailed, match="CERTIFICATE"):
        client().chat("hi")
    assert not server.asked


@pytest.mark.parametrize("content", [None, "", "no certificate"])
def test_a_certificate_file_that_cannot_be_read_is_named(
    client: Callable[[], Client],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    content: str | None,
) -> None:
    file = tmp_path / "wrong.pem"
    if content is not None:
        file.write_text(content)
    monkeypatch.setenv("REQUESTS_CA_BUNDLE", str(file))
    with pytest.raises(e.ConnectionFailed, match=r"wrong\.pem.*check REQUESTS_CA_BUNDLE"):
        client().chat("hi")


def test_a_plain_server_behind_https_is_one_clear_line(
    serve: Callable[..., Loopback], clock: Clock
) -> None:
    server = serve(reply())
    made = Client(KEY, base_url=f"https://127.0.0.1:{server.port}/v4", timing=clock.timing)
    with pytest.raises(e.ConnectionFailed, match=r"cannot connect to 127.0.0.1"):
        made.image("a cat")
    assert not server.asked


def test_making_a_client_imports_no_httpx_and_no_ipython() -> None:
    program = (
        "import sys; from zai_magics import Client; Client('a-key').stream('hi').close();"
        "print(sorted({'httpx', 'IPython', 'ipywidgets', 'pandas', 'nbformat'} & set(sys.modules)))"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True)
    assert done.stdout.strip() == "[]", done.stderr

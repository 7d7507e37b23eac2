"""TLS: which certificates are trusted. Reading them takes longer than a call: it is done once."""

from __future__ import annotations

import functools
import os
import ssl

from .errors import ConnectionFailed

_FILES = ("SSL_CERT_FILE", "REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE")


def context() -> ssl.SSLContext:
    """The one context of the process, for the certificates that the environment names.

    SSL_CERT_FILE and SSL_CERT_DIR are honoured, and REQUESTS_CA_BUNDLE and CURL_CA_BUNDLE, which
    networks with a certificate of their own have often set already. Raises ConnectionFailed when
    they cannot be read.
    """
    name = next((n for n in _FILES if os.environ.get(n)), _FILES[0])
    file, folder = os.environ.get(name, ""), os.environ.get("SSL_CERT_DIR", "")
    if os.path.isdir(file):  # requests takes a folder under the same name
        file, folder = "", file
    try:
        return _context(file, folder)
    except OSError as error:
        raise ConnectionFailed(
            f"the certificates in {file or folder} cannot be read ({error.strerror or error}); "
            f"check {name}",
            outcome="unsent",
        ) from None


def no_tls() -> ssl.SSLContext:
    """A context that trusts nobody, for plain http on this machine: it costs nothing to make."""
    return _nobody()


@functools.lru_cache(maxsize=4)
def _context(file: str, folder: str) -> ssl.SSLContext:
    if file or folder:
        return ssl.create_default_context(cafile=file or None, capath=folder or None)
    import certifi  # httpx's own dependency

    return ssl.create_default_context(cafile=certifi.where())


@functools.lru_cache(maxsize=1)
def _nobody() -> ssl.SSLContext:
    return ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)

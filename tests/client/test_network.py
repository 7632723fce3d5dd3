"""Connections as the environment says: proxies and certificates."""

from __future__ import annotations

import re
import socket
from functools import partial
from typing import Any

import httpx
import pytest

from client.conftest import KEY, Mode, first_page
from keyapi import ConfigurationError
from keyapi._sending.connections import Connections
from keyapi._sending.network import network
from keyapi._sending.sockets import _informed
from keyapi.recording.recorder import Recorder
from support.loopback import Loopback

VARIABLES = [
    *(f"{scheme}_proxy" for scheme in ("http", "https", "all", "no")),
    "SSL_CERT_FILE",
    "SSL_CERT_DIR",
]


@pytest.fixture(autouse=True)
def _no_proxies(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in VARIABLES:
        for spelled in (name.lower(), name.upper()):
            monkeypatch.delenv(spelled, raising=False)


@pytest.mark.parametrize(
    ("name", "value", "remedy"),
    [
        ("HTTP_PROXY", "ftp://proxy", "http://proxy.example"),
        ("https_proxy", "http://[", "unset it"),
        ("HTTPS_PROXY", "::", "unset it"),
        ("ALL_PROXY", "socks://proxy", "unset it"),
        ("ALL_PROXY", "socks5://proxy:1080", r"httpx\[socks\]"),
        ("HTTP_PROXY", " http://user:secret@proxy", "unset it"),
        ("SSL_CERT_FILE", "/nowhere", "PEM"),
        ("SSL_CERT_FILE", __file__, "PEM"),
    ],
)
def test_a_variable_that_cannot_be_used_is_named(
    mode: Mode, monkeypatch: pytest.MonkeyPatch, name: str, value: str, remedy: str
) -> None:
    monkeypatch.setattr("keyapi._sending.network.create_ssl_context", httpx.create_ssl_context)
    monkeypatch.setenv(name, value)
    client = mode.client(KEY, base_url="https://127.0.0.1:9")
    with pytest.raises(ConfigurationError, match=rf"{name}.*{remedy}") as caught:
        first_page(mode, client)
    assert client.credits_spent == 0
    assert "secret" not in str(caught.value)


@pytest.mark.parametrize("entry", ["[zz", "example.com:http"])
def test_an_entry_of_no_proxy_that_cannot_be_used_is_named(
    mode: Mode, monkeypatch: pytest.MonkeyPatch, entry: str
) -> None:
    monkeypatch.setenv("HTTP_PROXY", "http://proxy")
    monkeypatch.setenv("NO_PROXY", f"localhost,{entry}")
    with pytest.raises(ConfigurationError, match=rf"NO_PROXY.*'{re.escape(entry)}'"):
        first_page(mode, mode.client(KEY, base_url="http://127.0.0.1:9"))


@pytest.mark.parametrize(
    ("entries", "host", "through"),
    [
        ("", "api.keyapi.ai", True),
        ("*", "api.keyapi.ai", False),
        ("keyapi.ai", "api.keyapi.ai", False),
        (".keyapi.ai", "api.keyapi.ai", False),
        ("other.ai, api.keyapi.ai", "api.keyapi.ai", False),
        ("yapi.ai", "api.keyapi.ai", True),
        ("127.0.0.1", "127.0.0.1", False),
        ("127.0.0.0/8", "127.0.0.1", False),
        ("10.0.0.0/8", "127.0.0.1", True),
        ("::1", "[::1]", False),
        ("[::1]", "[::1]", False),
        ("fe80::/10", "[fe80::7]", False),
        ("fe80::/10", "[::1]", True),
        ("fe80::/10", "api.keyapi.ai", True),
        ("[::1]:8080", "[::1]:8080", False),
        ("LOCALHOST", "localhost", False),
        ("http://api.keyapi.ai", "api.keyapi.ai", False),
    ],
)
def test_no_proxy_names_what_is_reached_directly(
    monkeypatch: pytest.MonkeyPatch, entries: str, host: str, through: bool
) -> None:
    monkeypatch.setenv("HTTP_PROXY", "proxy:3128")
    monkeypatch.setenv("NO_PROXY", entries)
    url = f"http://{host}"
    with httpx.Client(**network(url, {}, Connections), trust_env=False) as http:
        default, found = http._transport, http._transport_for_url(httpx.URL(url))
    assert (found is not default) == through


@pytest.mark.parametrize("place", ["environment", "argument"])
def test_a_proxy_is_used(
    mode: Mode, loopback: Loopback, monkeypatch: pytest.MonkeyPatch, place: str
) -> None:
    options: dict[str, Any] = {"base_url": "http://api.keyapi.test"}
    if place == "argument":
        options["httpx_args"] = {"proxy": loopback.url}
    else:
        monkeypatch.setenv("ALL_PROXY", loopback.url)
    client = mode.client(KEY, **options)
    first_page(mode, client)
    mode.close(client)
    assert loopback.targets[0].startswith("http://api.keyapi.test/v1/")


def test_an_environment_that_is_not_trusted_is_not_read(
    mode: Mode, loopback: Loopback, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HTTP_PROXY", "http://[")
    client = mode.client(KEY, base_url=loopback.url, httpx_args={"trust_env": False})
    first_page(mode, client)
    mode.close(client)


@pytest.mark.parametrize("place", ["environment", "argument", "mounts"])
def test_a_recorder_sends_as_the_client_would_without_it(
    mode: Mode, loopback: Loopback, monkeypatch: pytest.MonkeyPatch, place: str
) -> None:
    recorder = Recorder()
    options: dict[str, Any] = {"base_url": "http://api.keyapi.test", "transport": recorder}
    if place == "argument":
        options["httpx_args"] = {"proxy": loopback.url, "verify": False}
    elif place == "mounts":
        kind: Any = httpx.HTTPTransport if mode.name == "sync" else httpx.AsyncHTTPTransport
        options["httpx_args"] = {"mounts": {"http://": kind(proxy=loopback.url)}}
    else:
        monkeypatch.setenv("HTTP_PROXY", loopback.url)

    mode.open = partial(mode.client, KEY)  # type: ignore[method-assign]  # without its transport
    mode.call(lambda client: client.influencer.products_analytics(user_id="1"), **options)
    assert loopback.targets[0].startswith("http://api.keyapi.test/v1/")
    assert [recording.status for recording in recorder.recordings] == [200]


@pytest.mark.parametrize("name", ["verify", "cert", "http2", "limits", "proxy"])
@pytest.mark.parametrize("recorded", [False, True])
def test_an_argument_that_a_transport_would_make_useless_is_refused(
    mode: Mode, name: str, recorded: bool
) -> None:
    transport: Any = httpx.MockTransport(lambda request: httpx.Response(200))
    with pytest.raises(ConfigurationError, match=f"{name}.*give it to the transport"):
        mode.client(
            KEY,
            transport=Recorder(transport) if recorded else transport,
            httpx_args={name: None},
        )


@pytest.mark.parametrize("name", [None, "SSL_CERT_DIR"])
def test_certificates_that_cannot_be_read_are_those_of_a_variable_or_an_argument(
    monkeypatch: pytest.MonkeyPatch, name: str | None
) -> None:
    def unreadable(**arguments: Any) -> None:
        raise PermissionError(13, "not for you")

    monkeypatch.setattr("keyapi._sending.network.create_ssl_context", unreadable)
    if name is not None:
        monkeypatch.setenv(name, "/certificates")
    expected = PermissionError if name is None else ConfigurationError
    with pytest.raises(expected, match=name or "not for you"):
        network("https://127.0.0.1", {}, Connections)


def test_a_recorder_outside_a_client_makes_its_own_connection(loopback: Loopback) -> None:
    with httpx.Client(transport=Recorder()) as http:
        assert http.get(f"{loopback.url}?user_id=1").status_code == 200


def test_a_socket_with_something_to_read_serves_no_request() -> None:
    """So is a closed one, whose number another may have by now."""
    ours, theirs = socket.socketpair()
    stream: Any = httpx.SyncByteStream()
    stream.get_extra_info = {"socket": ours, "server_addr": "there"}.get
    tell = _informed(stream)
    with theirs:
        assert (tell("server_addr"), tell("is_readable")) == ("there", False)
        theirs.send(b"a")
        assert tell("is_readable")
        ours.recv(1)
        assert not tell("is_readable")
        number = ours.fileno()
        ours.close()
        with socket.socket() as another:
            assert another.fileno() == number
            assert tell("is_readable")

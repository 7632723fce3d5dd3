"""The options of a client, each declared once, as an attribute of `Settings`.

From a declaration come the parameters of the generated constructors and of `with_options`, with
their types, defaults and documentation; the check of what was passed; what the runtime reads; and
the option of the command line. To add one: declare it here, read it where it takes effect, and run
`python scripts/regenerate.py`.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, NamedTuple

from keyapi._budget import Budget
from keyapi._config import (
    CacheOptions,
    ContractOption,
    Rate,
    check_budget,
    check_cache,
    check_contract,
    check_cooldown,
    check_count,
    check_flag,
    check_installed,
    check_nothing,
    check_rate,
    check_seconds,
    check_size,
    check_timeout,
)
from keyapi._connection import check_base_url, check_httpx_args, check_token


class Flag(NamedTuple):
    """How the command line offers an option.

    Attributes:
        help: What help says of it.
        metavar: What stands for the value in help; it decides how the value is read: "N" as a
            whole number, "SECONDS" as a number, "DIR" as a path, anything else as text.
        choices: The values there are, or empty where any will do.
    """

    help: str
    metavar: str = ""
    choices: tuple[str, ...] = ()


class Option:
    """One option of a client.

    Attributes:
        name: Name of the argument.
        type: What the argument may be, as Python code. Names of other modules are written in full,
            such as `httpx.Timeout`; `{Async}` becomes "Async" for the asyncio client.
        default: The argument's default.
        check: Given name and value, checks the value and gives it as the runtime reads it; raises
            ConfigurationError.
        doc: The argument's documentation; `default_base_url` in it becomes that of the client.
        connection: Whether it decides where requests go or how: clients that differ in such an
            option share no connection.
        requires: Module it needs when it is set; the extra of the option's name installs it.
        flag: How the command line offers it, or None where it does not.
    """

    def __init__(
        self,
        type_: str | None,
        default: Any,
        check: Callable[[str, Any], Any],
        doc: str,
        *,
        connection: bool,
        requires: str | None,
        flag: Flag | None,
    ) -> None:
        self.name = ""
        self.type = type_ or ""
        self.default = default
        self.check = check
        self.doc = doc
        self.connection = connection
        self.requires = requires
        self.flag = flag

    def __set_name__(self, owner: type, name: str) -> None:
        self.name = name
        self.type = self.type or owner.__annotations__[name]

    def checked(self, value: Any) -> Any:
        """Check a value, and give it as the runtime reads it.

        Raises:
            ConfigurationError: It is of another type or out of bounds, or needs an extra that is
                not installed.
        """
        checked = self.check(self.name, value)
        if self.requires is not None and value != self.default:
            check_installed(self.requires, self.name)
        return checked


def option(
    *,
    default: Any,
    check: Callable[[str, Any], Any],
    doc: str,
    type: str | None = None,  # noqa: A002 - what it is
    connection: bool = False,
    requires: str | None = None,
    flag: Flag | None = None,
) -> Any:
    """Declare an option; the arguments are the attributes of `Option`.

    The annotation is the type that the runtime reads. Without `type`, the argument has it, too.
    """
    return Option(type, default, check, doc, connection=connection, requires=requires, flag=flag)


class Settings:
    """What a client is set up with, checked.

    Args:
        options: Value of every option, by name.

    Raises:
        ConfigurationError: One of them cannot be used.
    """

    token: str = option(
        type="str | None",
        default=None,
        check=check_token,
        connection=True,
        doc="The API key. Without it, the key is read from the environment variable KEYAPI_TOKEN, "
        "KEYAPI_API_KEY or KEYAPI_KEY.",
    )
    base_url: str = option(
        type="str | None",
        default=None,
        check=check_base_url,
        connection=True,
        doc="URL of the server. Without it, KEYAPI_BASE_URL is used, or else default_base_url.",
        flag=Flag("Server; overrides KEYAPI_BASE_URL.", "URL"),
    )
    timeout: dict[str, float | None] = option(
        type="float | httpx.Timeout | None",
        default=30.0,
        check=check_timeout,
        doc="Seconds that each phase of a request may take (connect, read, write, and waiting for "
        "a connection), or an `httpx.Timeout`; None for no limit.",
        flag=Flag("Timeout per phase.", "SECONDS"),
    )
    deadline: float | None = option(
        default=None,
        check=check_seconds,
        doc="Seconds that a call may take, with all its retries and waits, however slowly a server "
        "or proxy answers; None for no limit. A resolver of names, and a transport of your own in "
        "the sync client, can hold a call longer.",
    )
    max_retries: int = option(
        default=3,
        check=check_count,
        doc="How often a call may be retried; 0 for never.",
        flag=Flag("Retries per call; 0 for none.", "N"),
    )
    rate: Rate | None = option(
        type="str | keyapi._config.Limiter | None",
        default=None,
        check=check_rate,
        requires="pyrate_limiter",
        doc='Requests per time, such as "5/s", "100/m" or "10/11s" (10 requests in 11 seconds), '
        "for all threads and tasks of this client together; or a `pyrate_limiter.Limiter`.",
        flag=Flag("Rate limit, such as 5/s or 100/m.", "N/TIME"),
    )
    max_credits: int | Budget | None = option(
        type="int | keyapi._budget.Budget | None",
        default=None,
        check=check_budget,
        doc="Credits that may be spent; the request that would exceed them is not sent. A `Budget` "
        "instead of a number may be shared by several clients or processes. None for no limit.",
        flag=Flag("Spend at most this many credits.", "N"),
    )
    quota_cooldown: float = option(
        default=60.0,
        check=check_cooldown,
        doc="Seconds during which nothing is sent after the server reported that the credits are "
        "used up; 0 to keep sending.",
    )
    max_response_bytes: int = option(
        default=2**25,
        check=check_size,
        doc="Bytes that the body of a response may have, unpacked; what is larger is neither read "
        "on nor requested again. The default is 32 MB.",
    )
    cache: CacheOptions | None = option(
        type="str | os.PathLike[str] | collections.abc.Mapping[str, typing.Any] | None",
        default=None,
        check=check_cache,
        requires="hishel",
        doc='Folder that keeps responses for a day, or `{"path": folder, "ttl": seconds}`.',
        flag=Flag("Cache answers here for a day; hits are free.", "DIR"),
    )
    contract: ContractOption = option(
        type='typing.Literal["off", "warn", "raise"] '
        "| collections.abc.Callable[[keyapi.contract.Violation], object]",
        default="off",
        check=check_contract,
        requires="jsonschema_rs",
        doc='What to do where a response breaks the specification: "warn" logs it, "raise" raises '
        "`ContractViolation`, and a function is called with each `keyapi.contract.Violation`.",
        flag=Flag(
            "What to do about answers that violate the specification.",
            choices=("off", "warn", "raise"),
        ),
    )
    check_arguments: bool = option(
        default=True,
        check=check_flag,
        doc="Whether a value that the specification does not list, a page beyond its bounds, and "
        "None for what it requires are refused before anything is sent. False sends them as "
        "given; types are checked all the same.",
    )
    transport: Any = option(
        type="httpx.{Async}BaseTransport | None",
        default=None,
        check=check_nothing,
        connection=True,
        doc="An httpx transport to send through, instead of the network.",
    )
    httpx_args: dict[str, Any] = option(
        type="collections.abc.Mapping[str, typing.Any] | None",
        default=None,
        check=check_httpx_args,
        connection=True,
        doc="Further arguments for the httpx client, such as `proxy`, `verify` or `limits`. A "
        "`User-Agent` among its `headers` precedes this client's own.",
    )

    def __init__(self, options: Mapping[str, Any]) -> None:
        for name, declared in OPTIONS.items():
            self.__dict__[name] = declared.checked(options[name])


OPTIONS: Mapping[str, Option] = {
    name: declared for name, declared in vars(Settings).items() if isinstance(declared, Option)
}
"""The options by name, in the order of the constructor's parameters."""

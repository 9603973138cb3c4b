"""One way to reach the network: https, bounded in size and time, on one host, patient with servers that are busy."""

from __future__ import annotations

import os
import ssl
import time
import zlib
from collections.abc import Callable, Mapping
from contextlib import ExitStack
from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from functools import cache, partial
from io import BytesIO
from typing import Any, Self, TypeVar
from urllib.parse import parse_qsl, urljoin, urlsplit

from frontcalc import __version__
from frontcalc.errors import DataError, NoDataError, UsageError, extra_package, naming
from frontcalc.limits import limits

T = TypeVar("T")
Answer = tuple[bytes, str]  # what a server sent, and its ETag where that can be sent back
_package = partial(extra_package, where="fetching")
_LOOPBACK = ("localhost", "127.0.0.1", "::1")
_SECRETS = {"access_token", "api_key", "apikey", "auth", "key", "password", "secret", "sig", "signature", "token"}
_REDIRECTS, _LONGEST_ETAG = 5, 200
LATER = "try again later"
_BY_HAND = "fetch the file by hand"
_LOCATION = "frontcalc.location"
_NETWORK = "is there a network?"
_PUBLIC = "frontcalc fetches only what is public"
_NEVER_REACHED = 2  # attempts where nothing ever answered: without a network nobody should have to wait for all of them


class PassingError(DataError):
    """A fault that may pass when the server is asked again; `wait_s` is how long it wants to be left alone (s)."""

    wait_s = 0.0


class UnreachableError(PassingError):
    """No connection could be made."""


@dataclass(frozen=True, slots=True)
class Patience:
    """How often, how long and how fast servers are asked.

    Parameters
    ----------
    attempts : int
        How often a request is made before it is given up.
    first_wait_s, longest_wait_s : float
        About how long to wait before the second attempt, and at most before any (s). A server that asks
        for more is left.
    request_s : float
        How long one request may take, from the first step to the last byte (s).
    silence_s : float
        How long a server may say nothing (s).
    pace_s : float
        The least time from one request to the next, except on this machine (s).
    sleep : callable
        Waits for so many seconds.
    """

    attempts: int = 6
    first_wait_s: float = 1.0
    longest_wait_s: float = 120.0
    request_s: float = 900.0
    silence_s: float = 60.0
    pace_s: float = 0.25
    sleep: Callable[[float], None] = time.sleep


def host_of(url: str) -> str:
    """Return the host of an address, which is all of it that messages show."""
    try:
        return urlsplit(url).hostname or "the address"
    except ValueError:
        return "the address"


def check_address(url: str, *, local: bool = True) -> None:
    """Refuse an address that is not https, or http on this machine where that is allowed; or that holds a secret."""
    try:
        parts = urlsplit(url)
        # Labels that are no IDNA are a UnicodeError either way, and that a ValueError.
        host = (parts.hostname or "").encode("idna").decode("idna")
        valid = bool(host) and parts.port != 0 and url.isprintable() and " " not in url
    except ValueError:
        valid = False
    if not valid or not (parts.scheme == "https" or (parts.scheme == "http" and local and host_of(url) in _LOOPBACK)):
        shown = host_of(url) if "@" in url else url.partition("?")[0][:200]
        raise UsageError("is no https address", where=shown, cure="give one")
    secrets = {name.casefold() for name, _ in parse_qsl(parts.query, keep_blank_values=True)} & _SECRETS
    if parts.username is not None or parts.password is not None or secrets:
        what = f"a secret ({', '.join(sorted(secrets))})" if secrets else "a name or password"
        raise UsageError(f"the address holds {what}", where=host_of(url), cure="give one without: only what is public")


def persist(ask: Callable[[], T], patience: Patience, *faults: type[DataError]) -> T:
    """Return what `ask` does, asked again after faults that may pass, for as long as there is patience."""
    for attempt in range(1, patience.attempts):
        try:
            return ask()
        except faults:
            patience.sleep(patience.first_wait_s * attempt)
    return ask()


class Client:
    """Connections for one piece of work, in a `with` statement; redirects stay on the `same_host` unless told."""

    def __init__(self, patience: Patience, *, same_host: bool = True) -> None:
        self._httpx, self._anyio, self._tenacity = map(_package, ("httpx", "anyio", "tenacity"))
        self.patience, self._same_host = patience, same_host
        self._reached, self._last = False, 0.0

    def __enter__(self) -> Self:
        """Start the loop in which requests run: only there can a deadline stop one at any step."""
        with ExitStack() as stack:
            self._portal = stack.enter_context(_package("anyio.from_thread").start_blocking_portal())
            http = self._httpx.AsyncClient(
                verify=_certificates(),
                timeout=self.patience.silence_s,
                headers={"User-Agent": f"frontcalc/{__version__}", "Accept-Encoding": "gzip"},
                event_hooks={"response": [_hide_location]},
            )
            self._http = stack.enter_context(self._portal.wrap_async_context_manager(http))
            self._stack = stack.pop_all()
        return self

    def __exit__(self, *reason: object) -> None:
        """Close every connection."""
        self._stack.close()

    def get(
        self,
        url: str,
        read: Callable[[bytes, str], Any],
        *,
        limit: int | None = None,
        query: Mapping[str, str] | None = None,
        etag: str = "",
    ) -> Any:
        """Return what `read` makes of an address's content and ETag (else empty), asked for again while that may help.

        `read` may raise `PassingError`, as the server's; errors that do not say where are of its host. At most `limit`
        bytes may come, also after decompression; by default as many as of any file. `query` is added to the address.
        None comes back where the server has still the version of that `etag`. NoDataError says that it has nothing
        there, DataError that it cannot be reached, refuses, redirects elsewhere or keeps failing.
        """
        check_address(url)
        most = limits()["max_bytes"] if limit is None else limit
        patience, tenacity = self.patience, self._tenacity
        random_s = tenacity.wait_random_exponential(multiplier=patience.first_wait_s, max=patience.longest_wait_s)

        def once() -> Any:
            self._keep_pace(url)
            with naming(host_of(url)):
                answer = self._portal.call(self._fetch, url, query, _usable(etag), most)
                self._reached = True
                return None if answer is None else read(*answer)

        def is_enough(state: Any) -> bool:
            error = state.outcome.exception()
            never = isinstance(error, UnreachableError) and not self._reached
            attempts = min(_NEVER_REACHED, patience.attempts) if never else patience.attempts
            return bool(state.attempt_number >= attempts or error.wait_s > patience.longest_wait_s)

        again = tenacity.Retrying(
            retry=tenacity.retry_if_exception_type(PassingError),
            stop=is_enough,
            # As long as the server says, or a random time that doubles at most.
            wait=lambda state: max(random_s(state), state.outcome.exception().wait_s),
            sleep=patience.sleep,
            reraise=True,
        )
        return again(once)

    def _keep_pace(self, url: str) -> None:
        """Wait until the next request is polite."""
        early = self._last + self.patience.pace_s - time.monotonic()
        if early > 0 and host_of(url) not in _LOOPBACK:
            self.patience.sleep(early)
        self._last = time.monotonic()

    async def _fetch(self, url: str, query: Mapping[str, str] | None, etag: str, limit: int) -> Answer | None:
        """Make one request, and turn what goes wrong into errors of ours."""
        httpx = self._httpx
        try:
            # httpx takes the address's own query away wherever `params` is given, also as None.
            own = parse_qsl(urlsplit(url).query, keep_blank_values=True)
            address = httpx.URL(url, params=[*own, *query.items()]) if query else httpx.URL(url)
            with self._anyio.fail_after(self.patience.request_s):
                return await self._exchange(address, etag, limit)
        except TimeoutError as error:
            raise PassingError(f"takes more than {self.patience.request_s:g} s", cure=LATER) from error
        except (httpx.ConnectError, httpx.ConnectTimeout, httpx.ProxyError) as error:
            raise UnreachableError(f"cannot be reached ({type(error).__name__})", cure=_NETWORK) from error
        except httpx.TimeoutException as error:
            raise PassingError(f"says nothing for {self.patience.silence_s:g} s", cure=LATER) from error
        except zlib.error as error:
            raise PassingError("sends damaged gzip", cure=LATER) from error
        except httpx.TransportError as error:
            raise PassingError(f"breaks off ({type(error).__name__})", cure=_NETWORK) from error
        except (httpx.InvalidURL, UnicodeError) as error:
            raise UsageError("is no address", cure="check it") from error

    async def _exchange(self, url: Any, etag: str, limit: int) -> Answer | None:
        """Follow redirects as far as they may lead, and return content and ETag; None where these are unchanged."""
        first = str(url)
        for _ in range(_REDIRECTS + 1):
            async with self._http.stream("GET", url, headers={"If-None-Match": etag} if etag else {}) as response:
                status = response.status_code
                if status in (301, 302, 303, 307, 308):
                    url = self._redirected(first, str(url), response.extensions[_LOCATION])
                    continue
                if etag and status == 304:
                    return None
                if status in (404, 410):
                    raise NoDataError(f"has nothing there ({status})", cure="check the address")
                if status in (401, 403):
                    raise DataError(f"refuses ({status})", cure=_PUBLIC)
                if status in (408, 425, 429) or status >= 500:
                    wait = retry_after_s(response.headers.get("retry-after", ""), datetime.now(UTC))
                    problem = f"answers with status {status}" + (f", and asks to wait {wait:,.0f} s" if wait else "")
                    passing = PassingError(problem, cure=LATER)
                    passing.wait_s = wait
                    raise passing
                if status != 200:
                    raise DataError(f"answers with status {status}", cure=LATER)
                return await _content(response, limit), _usable(response.headers.get("etag", ""))
        raise DataError(f"redirects more than {_REDIRECTS} times", cure=LATER)

    def _redirected(self, first: str, url: str, location: str) -> Any:
        """Return where a redirect leads; to where nobody was asked to go, it is refused."""
        host = host_of(first)
        try:
            target = urljoin(url, location)
            check_address(target, local=host in _LOOPBACK)
            address = self._httpx.URL(target)
        except (ValueError, self._httpx.InvalidURL) as error:
            raise DataError("redirects to what is no address", cure=LATER) from error
        except UsageError as error:
            raise DataError(error.problem, where=error.where, cure=f"{host} redirects there") from error
        if self._same_host and urlsplit(target)[:2] != urlsplit(first)[:2]:
            problem = f"redirects to another host, {host_of(target)}"
            raise DataError(problem, cure="if you trust that host, name it yourself")
        return address


async def _hide_location(response: Any) -> None:
    """Keep the address of a redirect from httpx, which would make a request of it before it can be checked."""
    response.extensions[_LOCATION] = response.headers.pop("location", "")


async def _content(response: Any, limit: int) -> bytes:
    """Return what an answer holds, counted while it is unpacked: one layer of gzip at most."""
    coding = response.headers.get("content-encoding", "").strip().casefold()
    if coding not in ("", "identity", "gzip", "x-gzip"):
        problem = f"packs what it sends as {coding!r:.40}, and only gzip, once, is unpacked"
        raise DataError(problem, cure=_BY_HAND)
    gzip = zlib.decompressobj(zlib.MAX_WBITS | 16) if "gzip" in coding else None
    data = BytesIO()
    async for piece in response.aiter_raw():
        data.write(gzip.decompress(piece, limit + 1 - data.tell()) if gzip else piece)
        if data.tell() > limit:
            raise DataError(f"sends more than {limit:,} bytes", cure=_BY_HAND)
        if gzip and gzip.unused_data:
            break
    if gzip and (gzip.unused_data or not gzip.eof):
        raise zlib.error("something behind its end" if gzip.unused_data else "no end")
    return data.getvalue()


def _usable(etag: str) -> str:
    """Return an ETag that can be kept and sent back, empty for any other: it is text from outside."""
    return etag if etag.isascii() and etag.isprintable() and len(etag) <= _LONGEST_ETAG else ""


def retry_after_s(text: str, now: datetime) -> float:
    """Return how long a Retry-After header asks to wait (s): a number of seconds, or a date; 0 for anything else."""
    text = text.strip()
    if text.isascii() and text.isdecimal() and len(text) < 10:
        return float(text)
    try:
        then = parsedate_to_datetime(text)
    except (ValueError, OverflowError):
        return 0.0
    return max(0.0, (then.replace(tzinfo=then.tzinfo or UTC) - now).total_seconds())


@cache
def _certificates() -> ssl.SSLContext:
    """Return the certificates of authorities that https needs, read once: those of SSL_CERT_FILE, else certifi's."""
    certifi = _package("certifi")
    return ssl.create_default_context(cafile=os.environ.get("SSL_CERT_FILE") or certifi.where())

"""One way to download: https, a limit of size and of time, and no redirect that leads anywhere else."""

from __future__ import annotations

import io
import time
from typing import Any
from urllib.parse import urljoin, urlsplit

from frontcalc import __version__
from frontcalc.errors import DataError, NoDataError, UsageError
from frontcalc.sources.packages import extra_package

CONNECT_SECONDS = 10.0
READ_SECONDS = 60.0
TOTAL_SECONDS = 900.0
"""How long a server may take to answer, to send the next bytes, and to send all (s)."""

_CHUNK_BYTES = 1 << 16
_LOOPBACK = ("localhost", "127.0.0.1", "::1")


class _Bounded(io.BytesIO):
    """Bytes in memory, no more than so many and no later than a deadline."""

    def __init__(self, limit: int, host: str) -> None:
        super().__init__()
        self.limit = limit
        self.host = host
        self.deadline = time.monotonic() + TOTAL_SECONDS

    def write(self, chunk: Any) -> int:
        """Take a chunk, or raise where it is too much or too late."""
        if self.tell() + len(chunk) > self.limit:
            raise DataError(f"sends more than {self.limit:,} bytes", where=self.host, cure="fetch the file by hand")
        if time.monotonic() > self.deadline:
            raise DataError(f"takes more than {TOTAL_SECONDS:.0f} s", where=self.host, cure="try again later")
        return super().write(chunk)


def download(url: str, *, limit: int) -> bytes:
    """Return what an address holds.

    Parameters
    ----------
    url : str
        An https address; http only on this machine itself.
    limit : int
        The most bytes that may come, also after decompression.

    Raises
    ------
    UsageError
        The package pooch is not installed, or the address is not of this kind.
    NoDataError
        The server has nothing there.
    DataError
        The server cannot be reached, refuses, redirects elsewhere, breaks off or sends too much.
    """
    host = urlsplit(url).hostname or url
    _check_address(url, local=_is_local(url))
    pooch, requests = (extra_package(name, where="fetching", extra="fetch") for name in ("pooch", "requests"))

    responses: list[Any] = []

    def check_redirect(response: Any, *_: Any, **__: Any) -> None:
        responses.append(response)
        if response.is_redirect:
            _check_address(urljoin(response.url, response.headers["location"]), local=_is_local(url))

    out = _Bounded(limit, host)
    get = pooch.HTTPDownloader(
        chunk_size=_CHUNK_BYTES,
        timeout=(CONNECT_SECONDS, READ_SECONDS),
        headers={"User-Agent": f"frontcalc/{__version__}"},
        hooks={"response": check_redirect},
    )
    try:
        get(url, out, None)
    except requests.HTTPError as error:
        status = error.response.status_code
        if status in (404, 410):
            raise NoDataError(f"has nothing there ({status})", where=host) from error
        raise DataError(f"answers with status {status}", where=host, cure="try again later") from error
    except requests.RequestException as error:
        reason = "breaks off" if isinstance(error, requests.exceptions.ChunkedEncodingError) else "cannot be reached"
        raise DataError(f"{reason} ({type(error).__name__})", where=host, cure="is there a network?") from error
    finally:
        # What breaks off is not closed by the downloader.
        for response in responses:
            response.close()
    return out.getvalue()


def _is_local(url: str) -> bool:
    """Say whether an address is on this machine."""
    return urlsplit(url).hostname in _LOOPBACK


def _check_address(url: str, *, local: bool) -> None:
    """Refuse an address that is not https; http is for servers on this machine, if the first address was."""
    scheme = urlsplit(url).scheme
    if scheme == "https" or (scheme == "http" and local and _is_local(url)):
        return
    raise UsageError("is no https address", where=url[:200], cure="give one")

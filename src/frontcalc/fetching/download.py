"""A single file by its address, wherever its publisher has moved it to."""

from __future__ import annotations

from frontcalc.fetching.client import Client, Patience

TOTAL_SECONDS = 900.0
"""How long a server may take to send all (s)."""


def download(url: str, *, limit: int) -> bytes:
    """Return what an address holds; redirects may lead to any https address.

    Parameters
    ----------
    url : str
        An https address; http only on this machine itself.
    limit : int
        The most bytes that may come, also after decompression.

    Raises
    ------
    UsageError
        A package of the extra `fetch` is not installed, or the address is not of this kind.
    NoDataError
        The server has nothing there.
    DataError
        The server cannot be reached, refuses, redirects elsewhere, breaks off or sends too much.
    """
    with Client(Patience(attempts=1, request_s=TOTAL_SECONDS), same_host=False) as client:
        data: bytes = client.get(url, lambda answer: answer.data, limit=limit)
    return data

"""Addresses that may be asked: https, or http on this machine, and none with a secret in it."""

from __future__ import annotations

from urllib.parse import parse_qsl, urlsplit

from frontcalc.errors import UsageError

_LOOPBACK = ("localhost", "127.0.0.1", "::1")
_SECRETS = {"access_token", "api_key", "apikey", "auth", "key", "password", "secret", "sig", "signature", "token"}


def host_of(url: str) -> str:
    """Return the host of an address, which is all of it that messages show."""
    try:
        return urlsplit(url).hostname or "the address"
    except ValueError:
        return "the address"


def is_local(url: str) -> bool:
    """Say whether an address is on this machine."""
    return host_of(url) in _LOOPBACK


def check_address(url: str, *, local: bool = True) -> None:
    """Refuse an address that is not https, or http on this machine where that is allowed; or that holds a secret.

    Raises
    ------
    UsageError
        It is not of this kind.
    """
    try:
        parts = urlsplit(url)
        valid = bool(parts.hostname) and (parts.port or 1) > 0 and url.isprintable() and " " not in url
    except ValueError:
        valid = False
    if not valid or not (parts.scheme == "https" or (parts.scheme == "http" and local and is_local(url))):
        shown = host_of(url) if "@" in url else url.partition("?")[0][:200]
        raise UsageError("is no https address", where=shown, cure="give one")
    secrets = {name.casefold() for name, _ in parse_qsl(parts.query, keep_blank_values=True)} & _SECRETS
    if parts.username is not None or parts.password is not None or secrets:
        what = f"a secret ({', '.join(sorted(secrets))})" if secrets else "a name or password"
        raise UsageError(f"the address holds {what}", where=host_of(url), cure="give one without: only what is public")

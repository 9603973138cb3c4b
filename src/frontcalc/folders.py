"""Where frontcalc keeps what it can make or fetch again: the user's cache folder."""

from __future__ import annotations

import os
from pathlib import Path

VARIABLE = "FRONTCALC_CACHE"
"""The environment variable that names another folder."""


def cache_folder() -> Path:
    """Return the folder of the cache, which need not exist: FRONTCALC_CACHE, else the system's place for caches."""
    if chosen := os.environ.get(VARIABLE):
        return Path(chosen)
    from platformdirs import user_cache_path

    return user_cache_path("frontcalc", appauthor=False)

"""Where the process begins: `frontcalc` and `python -m frontcalc` are the same."""

import os

# `signal` takes longer to load than all else before Ctrl-C is heard.
from _signal import SIGINT, default_int_handler, getsignal, signal  # type: ignore[import-not-found]


def main() -> None:
    """Run the command line; Ctrl-C is as quiet while it is loaded, and while the process ends, as while it works."""
    # Not where it is ignored, as with nohup. Nothing is to be cleaned up, and an exception could be raised anywhere.
    if getsignal(SIGINT) is default_int_handler:
        signal(SIGINT, lambda *_: os._exit(130))
    from frontcalc.cli import main as command

    command()


if __name__ == "__main__":
    main()

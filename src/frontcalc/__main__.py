"""Where the process begins: `frontcalc` and `python -m frontcalc` are the same."""

import atexit
import os
import sys

# `signal` takes longer to load than all else before Ctrl-C is heard.
from _signal import SIGINT, default_int_handler, getsignal, signal  # type: ignore[import-not-found]


def overview() -> str:
    """Return what `frontcalc --help` says: the commands in sections."""
    # `pathlib` takes longer to load than all of this.
    with open(f"{os.path.dirname(__file__)}/cli/help.txt", encoding="utf-8") as file:  # noqa: PTH120, PTH123
        return file.read()


def main() -> None:
    """Run the command line; Ctrl-C is as quiet while it is loaded, and while the process ends, as while it works."""
    # Not where it is ignored, as with nohup. Nothing is to be cleaned up, and an exception could be raised anywhere.
    if getsignal(SIGINT) is default_int_handler:
        signal(SIGINT, lambda *_: os._exit(130))
    # To load click would take ten times as long as all of this. It says what is wrong with a stream, and knows others.
    if sys.argv[1:] in (["--help"], ["-h"]) and getattr(sys.stdout, "encoding", "") == "utf-8":
        try:
            sys.stdout.write(overview())
            sys.stdout.flush()
            return
        except OSError:
            pass
    os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")  # others spin for a tenth of a short run, and nothing needs them
    from frontcalc.cli import main as command

    try:
        command()
    except SystemExit as end:
        # Python would take apart, object by object, all that there is: a twentieth of a run.
        atexit._run_exitfuncs()
        os._exit(int(end.code or 0))


if __name__ == "__main__":
    main()

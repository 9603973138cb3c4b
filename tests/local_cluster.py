"""A scheduler of Dask's and its workers, real ones, as processes of their own on this machine."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

START_S = 60


@dataclass
class Processes:
    """A scheduler and its workers, by name, which end with the block that they are used in."""

    folder: Path
    address: str = ""
    running: dict[str, subprocess.Popen[bytes]] = field(default_factory=dict)

    def __enter__(self) -> Processes:
        file = self.folder / "scheduler.json"
        # It ends by itself should nobody be left to end it.
        own = ("--scheduler-file", str(file), "--idle-timeout", "300")
        self.start("scheduler", "distributed.cli.dask_scheduler", "--port", "0", *own)
        self.address = str(json.loads(waited_for(lambda: file.is_file() and file.read_bytes()))["address"])
        return self

    def __exit__(self, *_: object) -> None:
        for process in self.running.values():
            process.kill()
        for process in self.running.values():
            process.wait()

    def start(self, name: str, module: str, *options: str) -> None:
        """Start one process."""
        command = [sys.executable, "-m", module, "--host", "127.0.0.1", "--no-dashboard", *options]
        with (self.folder / f"{name}.log").open("wb") as log:
            self.running[name] = subprocess.Popen(command, stdout=log, stderr=log, cwd=self.folder)

    def start_worker(self, name: str) -> None:
        """Start a worker and leave it to join."""
        own = ("--nthreads", "1", "--no-nanny", "--memory-limit", "1GB", "--death-timeout", "60", "--name", name)
        place = ("--local-directory", str(self.folder / name))
        self.start(name, "distributed.cli.dask_worker", self.address, *own, *place)

    def signal(self, name: str, number: signal.Signals) -> None:
        """Send a signal to one process."""
        self.running[name].send_signal(number)

    def has_workers(self, count: int) -> None:
        """Wait until so many workers have joined."""
        import distributed

        with distributed.Client(self.address, set_as_default=False) as client:
            client.wait_for_workers(count, timeout=START_S)


def waited_for(found: Callable[[], Any]) -> Any:
    """Return what is found as soon as there is something."""
    end = time.monotonic() + START_S
    while time.monotonic() < end:
        if result := found():
            return result
        time.sleep(0.05)
    raise TimeoutError

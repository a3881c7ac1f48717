"""Which process is this, and does that one still live? A pid alone comes back after a restart."""

from __future__ import annotations

import os
import socket
import subprocess
import time
from functools import lru_cache
from pathlib import Path

from newsletter.model import Owner


@lru_cache(maxsize=1)
def boot() -> str:
    """What names this start of the machine: Linux's boot id and the namespace of its process numbers, since containers
    share the first and may share a host name; elsewhere the time of the boot.
    """
    try:
        started = Path("/proc/sys/kernel/random/boot_id").read_text().strip()
        return f"{started} {Path('/proc/self/ns/pid').readlink()}"
    except OSError:
        return _run("sysctl", "-n", "kern.boottime")


def uptime_s() -> float:
    """Seconds that this machine has been awake, from a point that is one for all its processes until the next boot.

    No change of the wall clock moves it, and no sleep: a machine that slept has not listened meanwhile either
    (CLOCK_MONOTONIC leaves out what CLOCK_BOOTTIME counts).
    """
    return time.monotonic()


def process_start(pid: int) -> str | None:
    """When a process started, in whatever words the system has; None where there is no such process.

    Linux counts in clock ticks since the boot, which no change of the wall clock moves.
    """
    if Path("/proc/self/stat").exists():
        try:
            # The name in parentheses may hold spaces and parentheses; the start is the 20th field after it.
            after_name = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
        except OSError:
            return None
        return None if after_name[0] in "ZX" else after_name[19]
    return _run("ps", "-o", "lstart=", "-p", str(pid)) or None


def since_boot_s() -> float:
    """Seconds that have passed for this machine, sleep included; no change of the wall clock moves it."""
    return time.clock_gettime(time.CLOCK_BOOTTIME) if hasattr(time, "CLOCK_BOOTTIME") else time.monotonic()


def this_process() -> Owner:
    """The owner of what this process claims."""
    pid = os.getpid()
    return Owner(host=socket.gethostname(), boot=boot(), pid=pid, process_start=process_start(pid) or "")


def is_gone(owner: Owner) -> bool:
    """Whether that process certainly does not live any more. Of another host nobody here can say so."""
    if owner.host != socket.gethostname():
        return False
    return owner.boot != boot() or process_start(owner.pid) != owner.process_start


def _run(*command: str) -> str:
    try:
        done = subprocess.run(command, capture_output=True, text=True, timeout=5, check=False)  # noqa: S603  fixed words
    except (OSError, subprocess.TimeoutExpired):
        return ""
    return done.stdout.strip()

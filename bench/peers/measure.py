"""Run a command within limits and tell what it and all that it started took together.

Usage: measure.py SECONDS MIB MEASURED COMMAND...     writes "wall user system MiB" to the file MEASURED

Memory is what the processes hold together, shared pages once, looked at ten times a second, or less often where looking takes
long. A command over a limit is ended, and MEASURED says why.
"""
import ctypes
import os
import resource
import signal
import subprocess
import sys
import time

ADOPT_ORPHANS = 36
PAUSE = 0.1


def main(seconds, mib, path, *command):
    ctypes.CDLL(None).prctl(ADOPT_ORPHANS, 1)
    start, peak, over = time.monotonic(), 0.0, ""
    before = processor_time()  # of what started Python, such as a script that finds the one to start
    child = subprocess.Popen(command, start_new_session=True)
    status, pause = None, PAUSE
    while status is None and not over:
        try:
            status = child.wait(pause)
        except subprocess.TimeoutExpired:
            pass
        looked = time.monotonic()
        peak = max(peak, memory())
        pause = max(PAUSE, 50 * (time.monotonic() - looked))
        if time.monotonic() - start > float(seconds):
            over = f"over {float(seconds) / 60:g} minutes"
        elif peak > float(mib):
            over = f"over {float(mib) / 1024:g} GiB"
    wall = time.monotonic() - start
    end_rest()
    user, system = (x - y for x, y in zip(processor_time(), before))
    peak = max(peak, resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss / 1024)
    with open(path, "w", encoding="utf-8") as out:
        spent = f" after {wall:.0f} s, {user + system:.0f} s of processor time, {peak:.0f} MiB"
        out.write(over + spent if over else f"{wall} {user} {system} {peak}")
    sys.exit(1 if over else status)


def processor_time():
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime, used.ru_stime


def descendants():
    children = {}
    for name in filter(str.isdigit, os.listdir("/proc")):
        try:
            with open(f"/proc/{name}/stat", encoding="utf-8", errors="replace") as file:
                children.setdefault(int(file.read().rpartition(")")[2].split()[1]), []).append(int(name))
        except OSError:
            continue
    found = children.get(os.getpid(), [])
    for process in found:
        found.extend(children.get(process, []))
    return found


def memory():
    """What all descendants hold, in MiB."""
    kib = 0
    for process in descendants():
        try:
            with open(f"/proc/{process}/smaps_rollup", encoding="ascii") as file:
                kib += sum(int(line.split()[1]) for line in file if line.startswith("Pss:"))
        except OSError:
            continue
    return kib / 1024


def end_rest():
    """Ends what is left and waits for it, so that its processor time counts."""
    while left := descendants():
        for process in left:
            try:
                os.kill(process, signal.SIGKILL)
            except ProcessLookupError:
                pass
        try:
            while os.waitpid(-1, 0):
                pass
        except ChildProcessError:
            pass


if __name__ == "__main__":
    main(*sys.argv[1:])

"""Runs a command as its only child, and writes what it took into a file: `watched.py FILE COMMAND ...`.

A process inherits the peak of memory of the one that it was made from, so nothing large may stand between: what the
bench itself has in memory would be counted as what it measures. Standard library alone, and little of it.
"""

import os
import sys
import time

began = time.monotonic()
child = os.posix_spawnp(sys.argv[2], sys.argv[2:], os.environ)
_, status, used = os.wait4(child, 0)
with open(sys.argv[1], "w") as file:  # noqa: PTH123 - pathlib would be in memory too
    file.write(f"{time.monotonic() - began} {used.ru_maxrss} {used.ru_utime + used.ru_stime}")
sys.exit(os.waitstatus_to_exitcode(status) and 1)

"""A terminal program that saves events and books answers, for the test of power cuts: it runs under strace.

python -m tests.support.traced_terminal FOLDER SYNCHRONOUS
"""

import os
import sys
from pathlib import Path

from producers.terminal.spool import Spool

if __name__ == "__main__":
    spool = Spool(Path(sys.argv[1]), ballast_bytes=0)
    spool._database.execute(f"PRAGMA synchronous = {sys.argv[2]}")
    for number in range(400):
        saved = spool.save(f"e{number}", "scan", 0, lambda seq: f"{seq}:".encode().ljust(900, b"x"))
        os.write(1, f"saved {saved.seq}\n".encode())
        if number % 20 == 19:
            spool.settle(0, delivered=[saved.seq - 15, saved.seq - 14])
            os.write(1, f"settled {saved.seq - 15}\nsettled {saved.seq - 14}\n".encode())
    os._exit(0)

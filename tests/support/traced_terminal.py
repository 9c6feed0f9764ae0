"""A terminal program that saves events and books answers, for the test of power cuts: it runs under strace.

python -m tests.support.traced_terminal FOLDER SYNCHRONOUS
"""

import os
import sys
from pathlib import Path

from producers.terminal import drawer
from producers.terminal.last_event import LastEvent
from producers.terminal.spool import Refusal, Spool

if __name__ == "__main__":
    spool = Spool(Path(sys.argv[1]), ballast_bytes=0)
    spool._database.execute(f"PRAGMA synchronous = {sys.argv[2]}")
    for number in range(400):
        name, annuls = f"e{number}", number % 4 == 3
        last = None if annuls else LastEvent(name, "fair.visitor.scanned.v1", None, "scan", 0)
        saved = spool.save(name, "scan", 0, lambda seq: f"{seq}:".encode().ljust(900, b"x"), undo=last)
        os.write(1, f"saved {saved.seq}\n".encode())
        if number % 20 == 19:
            spool.settle(0, [saved.seq - 15, saved.seq - 14], refused=[Refusal(saved.seq - 5, "unknown_place")])
            if number % 40 == 39:
                drawer.send_again(spool)
            os.write(1, f"settled {saved.seq - 15}\nsettled {saved.seq - 14}\n".encode())
    os._exit(0)

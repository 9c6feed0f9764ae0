"""`fairpulse` as it would run on a system that is not POSIX: `python -m tests.support.without_posix terminal --help`.

The modules and names that Windows lacks are taken away before our packages are imported. Other differences of
that system (paths, locks, consoles) are not shown by this.
"""

import os
import shutil
import signal
import sys

MODULES = ("fcntl", "grp", "posix_ipc", "pty", "pwd", "resource", "syslog", "termios", "tty", "uvloop")
SYSTEM = (
    "O_DIRECTORY", "O_NOFOLLOW", "chown", "chroot", "fchmod", "fchown", "fork", "forkpty", "getegid", "geteuid",
    "getgid", "getloadavg", "getpgid", "getpgrp", "getsid", "getuid", "killpg", "lchown", "mkfifo", "mknod", "nice",
    "pathconf", "posix_fallocate", "sched_getaffinity", "setsid", "statvfs", "sync", "sysconf", "uname", "wait3",
)  # fmt: skip
SIGNALS = ("SIGALRM", "SIGCHLD", "SIGHUP", "SIGKILL", "SIGPIPE", "SIGQUIT", "SIGSTOP", "SIGTSTP", "SIGUSR1", "SIGUSR2")


def take_away() -> None:
    """Remove what only POSIX has from this process."""
    room = shutil.disk_usage("/")  # Python's own function uses os.statvfs here, and another one on Windows
    shutil.disk_usage = lambda path: room
    open_file = os.open

    def refuse_folders(path: str, flags: int, *rest: int, **named: int) -> int:
        if os.path.isdir(path):  # noqa: PTH112 - pathlib calls what is replaced here
            raise PermissionError(13, "Permission denied")
        return open_file(path, flags, *rest, **named)

    os.open = refuse_folders  # type: ignore[assignment]
    for name in MODULES:
        sys.modules[name] = None  # type: ignore[assignment]
    for module, names in ((os, SYSTEM), (signal, SIGNALS)):
        for name in names:
            if hasattr(module, name):
                delattr(module, name)


if __name__ == "__main__":
    take_away()

    from fairpulse import main

    sys.argv[0] = "fairpulse"
    sys.exit(main())

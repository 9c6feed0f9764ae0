"""The command `fairpulse` in this process, on a Kafka without passwords."""

import os
from contextlib import redirect_stderr, redirect_stdout
from io import StringIO
from unittest.mock import patch

from schemas.console import program, run


def fairpulse(servers: str, *command: str, code: int = 0, **settings: str) -> str:
    """Run a command with some settings; return all that it said, and fail unless it ends with this exit code."""
    given = {
        "FAIRPULSE_BOOTSTRAP_SERVERS": servers,
        **{f"FAIRPULSE_{name.upper()}": one for name, one in settings.items()},
    }
    said = StringIO()
    with patch.dict(os.environ, given), redirect_stdout(said), redirect_stderr(said):
        ended = run(program, command)
    assert ended == code, said.getvalue()
    return said.getvalue()

"""A real Firefox, driven over its own WebDriver BiDi socket; no driver program and no patched build are needed."""

import asyncio
import json
import os
import shutil
from pathlib import Path
from types import TracebackType
from typing import Any, Final, Self

import aiohttp

FIREFOX: Final = shutil.which("firefox-esr") or shutil.which("firefox")
START_S: Final = 60.0
KEYS: Final = {"Enter": "\ue007", "Tab": "\ue004", "Escape": "\ue00c", "Backspace": "\ue003", "Shift": "\ue008"} | {
    f"F{number}": chr(0xE030 + number) for number in range(1, 13)
}
"""The code points that WebDriver gives to keys without a character (W3C WebDriver, 17.4.2)."""
ARROWS: Final = {"ArrowLeft": "\ue012", "ArrowUp": "\ue013", "ArrowRight": "\ue014", "ArrowDown": "\ue015"}
SPOKEN: Final = KEYS | ARROWS | {"Space": " "}


class Firefox:
    """A Firefox with one page; use as `async with`.

    Args:
        profile: an empty folder; Firefox keeps everything there.
        width, height: of the page in CSS pixels.
    """

    def __init__(self, profile: Path, *, width: int = 1024, height: int = 600) -> None:
        self._profile = profile
        self._size = {"width": width, "height": height}
        self._last = 0

    async def __aenter__(self) -> Self:
        assert FIREFOX is not None, "skip the test without Firefox"
        self._process = await asyncio.create_subprocess_exec(
            FIREFOX, "--headless", "--no-remote", "--profile", self._profile, "--remote-debugging-port", "0",
            stdout=asyncio.subprocess.DEVNULL, stderr=asyncio.subprocess.PIPE,
            env={**os.environ, "HOME": str(self._profile)},
        )  # fmt: skip
        assert self._process.stderr is not None
        async with asyncio.timeout(START_S):
            while b"BiDi listening on " not in (line := await self._process.stderr.readline()):
                assert line, "Firefox ended before it listened"
        self._reading = asyncio.create_task(_drop(self._process.stderr))
        self._web = aiohttp.ClientSession()
        address = line.decode().rpartition(" on ")[2].strip()
        self._socket = await self._web.ws_connect(f"{address}/session", max_msg_size=0)
        await self._call("session.new", capabilities={})
        tree = await self._call("browsingContext.getTree")
        self._page = tree["contexts"][0]["context"]
        await self._call("browsingContext.setViewport", context=self._page, viewport=self._size)
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self._web.close()
        self._reading.cancel()
        self._process.kill()
        await self._process.wait()

    async def goto(self, url: str) -> None:
        """Open an address, and return when it has loaded."""
        await self._call("browsingContext.navigate", context=self._page, url=url, wait="complete")

    async def before_scripts(self, script: str) -> None:
        """Run a function, given as text, in every page before its own scripts."""
        await self._call("script.addPreloadScript", functionDeclaration=script)

    async def evaluate(self, expression: str) -> Any:
        """Return the value of an expression as plain values; promises are awaited. It raises what the page raises."""
        said = await self._call(
            "script.evaluate",
            expression=f"(async () => JSON.stringify(await ({expression})))()",
            target={"context": self._page}, awaitPromise=True, userActivation=True,
        )  # fmt: skip
        assert said["type"] == "success", said.get("exceptionDetails", {}).get("text")
        value = said["result"].get("value")
        return None if value is None else json.loads(value)

    async def press(self, *keys: str, pause_ms: int = 0) -> None:
        """Press keys one after the other: characters, or names such as Enter; `pause_ms` lies between two of them.

        Two fingers take turns, one comes up while the other goes down: so a key takes the browser one step.
        """
        none = {"type": "pause"}
        down = [{"type": "keyDown", "value": SPOKEN.get(key, key)} for key in keys]
        up = [{**one, "type": "keyUp"} for one in down]
        fingers = [[one for pair in zip(down[first::2], up[first::2], strict=True) for one in pair] for first in (0, 1)]
        fingers[1].insert(0, none)
        sources = [{"type": "key", "id": f"finger {number}", "actions": one} for number, one in enumerate(fingers)]
        pauses = [{"type": "pause", "duration": pause_ms}] * (len(keys) + 1)
        actions = [*sources, {"type": "none", "id": "time", "actions": pauses}]
        await self._call("input.performActions", context=self._page, actions=actions)

    async def click(self, selector: str) -> None:
        """Click into the middle of an element."""
        box = await self.evaluate(
            f"(({{x, y, width, height}}) => [x + width / 2, y + height / 2])"
            f"(document.querySelector({selector!r}).getBoundingClientRect())"
        )
        actions = [
            {"type": "pointerMove", "x": round(box[0]), "y": round(box[1])},
            {"type": "pointerDown", "button": 0},
            {"type": "pointerUp", "button": 0},
        ]
        await self._call(
            "input.performActions", context=self._page, actions=[{"type": "pointer", "id": "mouse", "actions": actions}]
        )

    async def _call(self, method: str, **parameters: Any) -> Any:
        self._last += 1
        await self._socket.send_json({"id": self._last, "method": method, "params": parameters})
        while True:
            said = await self._socket.receive_json()
            if said.get("id") == self._last:
                assert said["type"] == "success", f"{method}: {said.get('message')}"
                return said["result"]


async def _drop(stream: asyncio.StreamReader) -> None:
    while await stream.read(65_536):
        pass

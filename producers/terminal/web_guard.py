"""The guard of the page: only this machine's own browser reads it. And the files that it is made of."""

from collections.abc import Awaitable, Callable, Iterator
from importlib.abc import Traversable
from importlib.resources import files
from typing import Final

from aiohttp import web

HOST: Final = "127.0.0.1"

TYPES: Final = {"html": "text/html", "js": "text/javascript", "css": "text/css", "svg": "image/svg+xml"}

HEADERS: Final = {
    "Content-Security-Policy": "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; "
    "connect-src 'self'; form-action 'none'; frame-ancestors 'none'; base-uri 'none'",
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "Cache-Control": "no-store",
}

Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]


@web.middleware
async def guard(request: web.Request, handler: Handler) -> web.StreamResponse:
    """Answer only this machine's own page: no other site's script may scan a badge or read the state."""
    name = request.host.rpartition(":")[0] or request.host
    origin = request.headers.get("Origin")
    foreign = origin is not None and origin != f"http://{request.host}"
    plain = request.method == "POST" and request.content_type != "application/json"
    if name not in (HOST, "localhost") or foreign or plain:
        return web.Response(status=403, text="open the page at its own address\n", headers=HEADERS)
    response = await handler(request)
    response.headers.update(HEADERS)
    return response


def add_files(router: web.UrlDispatcher) -> None:
    """Serve every file of the page under its own name, and the page itself at /."""
    for path, file in _below(files("producers.terminal") / "static", "/"):
        handle = _file(file)
        router.add_get(path, handle)
        if path == "/page.html":
            router.add_get("/", handle)


def _below(folder: Traversable, path: str) -> Iterator[tuple[str, Traversable]]:
    for one in folder.iterdir():
        if one.is_dir():
            yield from _below(one, f"{path}{one.name}/")
        else:
            yield f"{path}{one.name}", one


def _file(file: Traversable) -> Handler:
    body, content_type = file.read_bytes(), TYPES[file.name.rpartition(".")[2]]

    async def handle(_: web.Request) -> web.StreamResponse:
        return web.Response(body=body, content_type=content_type, charset="utf-8")

    return handle

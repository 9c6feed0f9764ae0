"""The internal endpoints of a gateway: /livez, /readyz and /metrics, on a port of their own."""

from prometheus_client.exposition import choose_encoder
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from producers.gateway.app import Gateway
from producers.gateway.supervisor import FRESH_S


def internal_app(gateway: Gateway) -> Starlette:
    """Return the application for the internal network."""

    async def livez(_: Request) -> Response:
        """Answer that the event loop runs. It does not ask Kafka, whose outage must not restart every gateway."""
        return Response("alive\n", media_type="text/plain")

    async def readyz(_: Request) -> Response:
        reasons = []
        if gateway.draining:
            reasons.append("draining")
        if not gateway.supervisor.is_ready:
            reasons.append(f"kafka has not answered within {FRESH_S:g} s")
        reasons += [str(one) for one in gateway.topics.findings if one.severity == "wrong"]
        if gateway.doorkeeper.trouble:
            reasons.append(gateway.doorkeeper.trouble)
        if gateway.register is not None and (trouble := gateway.register.trouble(gateway.doorkeeper)):
            reasons.append(trouble)
        if gateway.register is not None and gateway.register.stands_still:
            reasons.append(gateway.register.stands_still)
        text = "".join(f"{reason}\n" for reason in reasons) or "ready\n"
        return Response(text, 503 if reasons else 200, media_type="text/plain")

    async def metrics(request: Request) -> Response:
        encode, content_type = choose_encoder(request.headers.get("accept", ""))
        return Response(encode(gateway.metrics.registry), headers={"content-type": content_type})

    return Starlette(routes=[Route("/livez", livez), Route("/readyz", readyz), Route("/metrics", metrics)])

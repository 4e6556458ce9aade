"""The paths of the node's server at which the figures are."""

from collections.abc import Awaitable, Callable

from aiohttp import web

from podvisor.node.metering import summary
from podvisor.node.metering.figures import Figures
from podvisor.node.metering.outcomes import Outcomes

Gather = Callable[[], Awaitable[Figures]]
_TRUE = ("1", "t", "true")


def add(app: web.Application, gather: Gather, outcomes: Outcomes) -> None:
    """Serve them: `/stats/summary` and `/metrics/...`, as the kubelet's server does."""

    async def brief(request: web.Request) -> web.Response:
        only = request.query.get("only_cpu_and_memory", "").lower() in _TRUE
        return web.json_response(summary.summary(await gather(), only_cpu_and_memory=only))

    async def metrics(request: web.Request) -> web.Response:
        # Only clusters that are measured pay for prometheus_client.
        from podvisor.node.metering import exposition

        match request.match_info["what"]:
            case "resource":
                text = exposition.resource(await gather())
            case "cadvisor":
                text = exposition.cadvisor(await gather())
            case _:
                text = exposition.probes(outcomes)
        return web.Response(body=text, headers={"Content-Type": exposition.CONTENT_TYPE})

    app.router.add_get("/stats/summary", brief)
    app.router.add_get("/metrics/{what:resource|cadvisor|probes}", metrics)

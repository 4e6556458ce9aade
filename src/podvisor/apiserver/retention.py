"""How far back history reaches: at least one interval, less than two."""

from podvisor import store
from podvisor.apiserver import versions
from podvisor.apiserver.server import Server


async def forget_history(server: Server) -> None:
    """Every interval compact the store at the revision that it had one interval ago."""
    before = await versions.current(server)
    while True:
        await server.clock.sleep(server.settings.compaction_interval)
        try:
            await server.storage.backend.compact(before)
        except store.Compacted:
            pass
        before = await versions.current(server)

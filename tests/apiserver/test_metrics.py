"""What the server counts, and what servers beside it read."""

from pathlib import Path

import aiohttp
from prometheus_client.parser import text_string_to_metric_families

from apiserver import authority
from apiserver.conftest import Api
from apiserver.samples import MAPS, config_map


async def values(api: Api, name: str, **labels: str) -> list[float]:
    """The samples of a metric whose labels say this."""
    answer = await api.get("/metrics")
    assert answer.headers["Content-Type"].startswith("text/plain; version=")
    families = text_string_to_metric_families(answer.body.decode())
    samples = [sample for family in families for sample in family.samples]
    return [one.value for one in samples if one.name == name and labels.items() <= one.labels.items()]


async def test_requests_are_counted_under_the_names_of_upstream(api: Api) -> None:
    (before,) = await values(api, "apiserver_storage_objects", resource="configmaps")
    for _ in range(3):
        await api.post(MAPS, config_map("a"))
    await api.get(MAPS)
    here = {"resource": "configmaps", "group": "", "version": "v1", "component": "apiserver"}
    name = "apiserver_request_total"
    assert await values(api, name, verb="POST", code="201", scope="namespace", **here) == [1]
    assert await values(api, name, verb="POST", code="409", **here) == [2]
    assert await values(api, name, verb="LIST", code="200", dry_run="", **here) == [1]
    duration = "apiserver_request_duration_seconds"
    assert await values(api, f"{duration}_count", verb="POST", **here) == [3]
    assert await values(api, f"{duration}_bucket", verb="POST", le="+Inf", **here) == [3]
    assert await values(api, "apiserver_storage_objects", resource="configmaps") == [before + 1]
    assert await values(api, "apiserver_current_inflight_requests", request_kind="readOnly") == [1]
    assert await values(api, "kubernetes_build_info", major="1") == [1]
    assert (await values(api, "process_cpu_seconds_total"))[0] > 0


async def test_watches_are_shown_while_they_run(api: Api) -> None:
    here = {"resource": "configmaps", "verb": "WATCH"}
    async with api.session.get(f"{api.address}{MAPS}?watch=1") as watch:
        assert watch.status == 200
        assert await values(api, "apiserver_longrunning_requests", **here) == [1]
    assert await values(api, "apiserver_request_duration_seconds_count", **here) == []


async def test_paths_that_are_not_there_make_no_labels(api: Api) -> None:
    for path in ("/api/v1/nothings", "/apis/made.up/v1/things/x", "/made/up", f"{MAPS}/a/made-up"):
        await api.get(path)
    text = (await api.get("/metrics")).body.decode()
    assert "nothing" not in text
    assert "made" not in text


async def test_metrics_are_not_for_everybody(address: str, ca: authority.Authority, tmp_path: Path) -> None:
    context = ca.client_context(tmp_path, "jane", "developers")
    async with aiohttp.ClientSession(connector=aiohttp.TCPConnector(ssl=context)) as session:
        assert (await Api(session, address).get("/metrics")).code == 403


async def test_servers_beside_this_one_can_read_its_authority(api: Api) -> None:
    found = await api.get("/api/v1/namespaces/kube-system/configmaps/extension-apiserver-authentication")
    assert found.body["data"] == {"client-ca-file": "the authority"}

"""Reading a log back, while it grows and after it has begun a new file."""

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from podvisor.node import logread, logs
from podvisor.node.logs import LONGEST, Log

NOW = datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC)
ROOMY = 1 << 30


async def read(path: Path, log: Log | None = None, **query: str) -> bytes:
    return b"".join([part async for part in logread.read(path, log, logread.wanted(query, NOW))])


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return logs.log_path(tmp_path, "main", 0)


def numbers(*range_: int) -> bytes:
    return b"".join(b"%d\n" % number for number in range(*range_))


def kept(path: Path, *times: datetime) -> None:
    """A log with a line of each time, which says its seconds."""
    path.parent.mkdir(parents=True)
    path.write_text("".join(f"{one:%Y-%m-%dT%H:%M:%S.%f}000Z stdout F {one:%S}\n" for one in times))


async def test_tail_reaches_back_into_the_file_before(path: Path):
    log = Log(path, 300)
    for number in range(15):
        await log.write("stdout", b"%d\n" % number)
    await log.close()
    assert logs.rotated(path).exists()
    assert await read(path, tailLines="9") == numbers(6, 15)


async def test_follower_goes_on_when_a_new_file_is_begun_and_ends_with_the_log(path: Path):
    log = Log(path, 300)
    following = logread.read(path, log, logread.wanted({"follow": "true"}, NOW))
    for number in range(40):
        await log.write("stdout", b"%d\n" % number)
        assert await anext(following) == b"%d\n" % number
    await log.close()
    assert [part async for part in following] == []
    assert logs.rotated(path).exists()


async def test_limit_cuts_in_the_middle_of_a_line(path: Path):
    log = Log(path, ROOMY)
    await log.write("stdout", b"hello\nworld\n")
    await log.close()
    assert await read(path, limitBytes="8") == b"hello\nwo"


async def test_lines_before_a_time_are_left_out(path: Path):
    kept(path, NOW - timedelta(seconds=60), NOW - timedelta(seconds=10), NOW)
    assert await read(path, sinceSeconds="10") == b"55\n05\n"
    assert await read(path, sinceTime="2026-01-02T03:04:05Z") == b"05\n"
    assert await read(path, sinceTime="2026-01-02T04:04:05+01:00") == b"05\n"


@pytest.mark.parametrize("query", [{"tailLines": "x"}, {"sinceTime": "yesterday"}, {"limitBytes": ""}])
def test_query_that_is_no_number_or_no_time_is_refused(query: dict[str, str]):
    with pytest.raises(ValueError, match=r"\w"):
        logread.wanted(query, NOW)


@given(st.lists(st.tuples(st.binary(max_size=40), st.integers(0, 2)), max_size=20))
async def test_log_gives_back_every_byte_of_a_stream(
    tmp_path_factory: pytest.TempPathFactory, writes: list[tuple[bytes, int]]
):
    path = logs.log_path(tmp_path_factory.mktemp("pod"), "main", 0)
    log = Log(path, ROOMY)
    whole = b""
    for text, long in writes:
        data = text + b"y" * (long * LONGEST)
        await log.write("stdout", data)
        whole += data
    await log.close()
    assert await read(path) == whole


async def test_numbers_beyond_all_bounds_mean_everything(path: Path):
    kept(path, NOW)
    assert await read(path, tailLines="9" * 20, limitBytes="9" * 20, sinceSeconds="9" * 20) == b"05\n"

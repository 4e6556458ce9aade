"""How long containers may take to end."""

import asyncio

from podvisor.node.stopping import Patience
from podvisor.testing.clock import VirtualClock


async def test_patience_is_over_at_its_deadline():
    clock = VirtualClock()
    waiting = asyncio.create_task(Patience(clock, 30).over())
    await clock.advance(29)
    assert not waiting.done()
    await clock.advance(1)
    assert waiting.done()


async def test_shortened_patience_ends_earlier_for_those_who_wait_already():
    clock = VirtualClock()
    patience = Patience(clock, 3600)
    waiting = asyncio.create_task(patience.over())
    await clock.advance(10)
    patience.shorten(5)
    await clock.advance(4)
    assert not waiting.done()
    await clock.advance(1)
    assert waiting.done()


async def test_patience_cannot_be_lengthened():
    clock = VirtualClock()
    patience = Patience(clock, 5)
    patience.shorten(60)
    assert patience.left == 5


async def test_least_time_is_given_even_when_patience_is_over():
    clock = VirtualClock()
    waiting = asyncio.create_task(Patience(clock, 0).over(at_least=2))
    await clock.advance(1)
    assert not waiting.done()
    await clock.advance(1)
    assert waiting.done()

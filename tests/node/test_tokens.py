"""When a pod's tokens are asked for."""

from datetime import timedelta

from podvisor.node import objects
from podvisor.node.tokens import Token, Tokens
from podvisor.testing.clock import VirtualClock

HOUR = objects.Token(path="token", expiration_seconds=3600)


class Issuer:
    """Issues numbered tokens."""

    def __init__(self, clock: VirtualClock) -> None:
        self.clock = clock
        self.issued = 0

    async def ask(self, wanted: objects.Token) -> Token:
        self.issued += 1
        now = self.clock.now()
        return Token(str(self.issued), now, now + timedelta(seconds=wanted.expiration_seconds))


async def test_token_is_kept_for_four_fifths_of_its_life():
    clock = VirtualClock()
    tokens, issuer = Tokens(clock), Issuer(clock)
    assert await tokens.get(HOUR, issuer.ask) == b"1"
    assert tokens.renewal == clock.now() + timedelta(minutes=48)
    await clock.advance(48 * 60 - 1)
    assert await tokens.get(HOUR, issuer.ask) == b"1"
    await clock.advance(1)
    assert await tokens.get(HOUR, issuer.ask) == b"2"


async def test_token_of_a_year_is_renewed_every_day():
    clock = VirtualClock()
    tokens, issuer = Tokens(clock), Issuer(clock)
    year = objects.Token(path="token", expiration_seconds=365 * 86400)
    await tokens.get(year, issuer.ask)
    assert tokens.renewal == clock.now() + timedelta(hours=24)


async def test_tokens_for_different_audiences_are_different():
    clock = VirtualClock()
    tokens, issuer = Tokens(clock), Issuer(clock)
    vault = objects.Token(path="other", audience="vault", expiration_seconds=600)
    assert await tokens.get(HOUR, issuer.ask) == b"1"
    assert await tokens.get(vault, issuer.ask) == b"2"
    assert tokens.renewal == clock.now() + timedelta(minutes=8)


def test_nothing_is_to_be_renewed_where_there_is_nothing():
    assert Tokens(VirtualClock()).renewal is None

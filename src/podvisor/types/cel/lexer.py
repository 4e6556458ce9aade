"""From text to tokens (the CEL specification, "Lexis")."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Literal

from podvisor.types.cel.errors import CompileError, Issue
from podvisor.types.cel.values import INT_MAX, UINT_MAX, Uint

_TOKENS = re.compile(
    r"""(?P<blank>(?:[\t\n\f\r ]|//[^\n]*)+)
    | (?P<text>[bB]?[rR]?(?:\"{3}|'{3}|"|'))
    | (?P<float>\d+\.\d+(?:[eE][+-]?\d+)?|\d+[eE][+-]?\d+|\.\d+(?:[eE][+-]?\d+)?)
    | (?P<int>0x[0-9a-fA-F]+[uU]?|\d+[uU]?)
    | (?P<name>[A-Za-z_][A-Za-z0-9_]*)
    | (?P<sign>&&|\|\||==|!=|<=|>=|[-+*/%!<>?:.,()\[\]{}])""",
    re.X | re.A,
)
_ESCAPE = re.compile(
    r"\\(?:([abfnrtv\\?\"'`])|[xX]([0-9a-fA-F]{2})|u([0-9a-fA-F]{4})|U([0-9a-fA-F]{8})|([0-3][0-7]{2}))"
)
_PLAIN = dict(zip("abfnrtv", "\a\b\f\n\r\t\v", strict=True))


@dataclass(frozen=True, slots=True)
class Token:
    """One word: its kind, its text as written, its value if it is a literal."""

    kind: Literal["literal", "name", "sign", "end"]
    text: str
    position: int
    value: Any = None


def tokens(source: str) -> Iterator[Token]:
    """The words of `source`, the end last. Raises CompileError."""
    position = 0
    while position < len(source):
        found = _TOKENS.match(source, position)
        if found is None:
            raise _error(source, position, f"token recognition error at: '{source[position]}'")
        kind, text, start = found.lastgroup, found.group(), position
        position = found.end()
        if kind == "text":
            value, position = _text(source, start, text)
            yield Token("literal", source[start:position], start, value)
        elif kind == "float":
            yield Token("literal", text, start, float(text))
        elif kind == "int":
            yield Token("literal", text, start, _number(source, start, text))
        elif kind == "name":
            yield Token("name", text, start)
        elif kind == "sign":
            yield Token("sign", text, start)
    yield Token("end", "<EOF>", len(source))


def _number(source: str, start: int, text: str) -> int | Uint:
    # INT_MAX + 1 is let through: it is a number where a minus stands before it, which the parser knows.
    unsigned = text[-1] in "uU"
    digits = text.rstrip("uU") if unsigned else text
    value = int(digits, 16 if digits.startswith("0x") else 10)
    if unsigned and value <= UINT_MAX:
        return Uint(value)
    if not unsigned and value <= INT_MAX + 1:
        return value
    raise CompileError(source, [Issue(start, f"invalid {'u' if unsigned else ''}int literal")])


def _text(source: str, start: int, opening: str) -> tuple[str | bytes, int]:
    """The value of the string or bytes that begins at `start`, and where it ends."""
    quote = opening.lstrip("bBrR")
    raw, binary = "r" in opening.lower(), "b" in opening.lower()
    position = begin = start + len(opening)
    while not source.startswith(quote, position):
        if position >= len(source) or (len(quote) == 1 and source[position] in "\n\r"):
            raise _error(source, start, f"token recognition error at: '{source[start:position]}'")
        position += 2 if source[position] == "\\" and not raw else 1
    content = source[begin:position]
    end = position + len(quote)
    try:
        if binary:
            return (content.encode() if raw else _unescaped_bytes(content)), end
        return (content if raw else _unescaped(content)), end
    except ValueError as error:
        raise CompileError(source, [Issue(start, str(error))]) from None


def _unescaped(content: str) -> str:
    return "".join(piece if isinstance(piece, str) else chr(piece) for piece in _pieces(content))


def _unescaped_bytes(content: str) -> bytes:
    # `\x` and octal sequences are bytes here, not characters.
    return b"".join(
        piece.encode() if isinstance(piece, str) else bytes([piece]) for piece in _pieces(content, binary=True)
    )


def _pieces(content: str, *, binary: bool = False) -> Iterator[str | int]:
    position = 0
    while (escape := content.find("\\", position)) >= 0:
        yield content[position:escape]
        found = _ESCAPE.match(content, escape)
        if found is None:
            raise ValueError("unable to unescape string")
        plain, byte, short, long, octal = found.groups()
        if plain:
            yield _PLAIN.get(plain, plain)
        elif byte or octal:
            yield int(byte, 16) if byte else int(octal, 8)
        elif binary:
            raise ValueError("unable to unescape string")
        else:
            yield _code_point(int(short or long, 16))
        position = found.end()
    yield content[position:]


def _code_point(code: int) -> str:
    if code > 0x10FFFF or 0xD800 <= code <= 0xDFFF:
        raise ValueError("invalid unicode code point")
    return chr(code)


def _error(source: str, position: int, message: str) -> CompileError:
    return CompileError(source, [Issue(position, f"Syntax error: {message}")])

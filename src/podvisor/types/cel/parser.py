"""From tokens to a tree, macros put in their place (the CEL specification, "Syntax" and "Macros").

The depth and length of an expression have upstream's bounds, so that neither parsing nor running exhausts the stack.
"""

from podvisor.types.cel import macros, syntax
from podvisor.types.cel.errors import CompileError, Issue
from podvisor.types.cel.lexer import Token, tokens
from podvisor.types.cel.values import INT_MAX, Uint

MAX_DEPTH = 250
MAX_LENGTH = 100_000

# How strongly an operator binds, and its name as a function.
_BINARY: dict[str, tuple[int, str]] = {
    "||": (1, "_||_"), "&&": (2, "_&&_"),
    "<": (3, "_<_"), "<=": (3, "_<=_"), ">": (3, "_>_"), ">=": (3, "_>=_"),
    "==": (3, "_==_"), "!=": (3, "_!=_"), "in": (3, "@in"),
    "+": (4, "_+_"), "-": (4, "_-_"), "*": (5, "_*_"), "/": (5, "_/_"), "%": (5, "_%_"),
}  # fmt: skip
_CONSTANTS = {"true": True, "false": False, "null": None}
RESERVED = frozenset((
    "as", "break", "const", "continue", "else", "for", "function", "if", "import", "let", "loop", "package",
    "namespace", "return", "var", "void", "while",
))  # fmt: skip
_OPERAND = (
    "'[', '{', '(', '.', '-', '!', 'true', 'false', 'null', NUM_FLOAT, NUM_INT, NUM_UINT, STRING, BYTES, IDENTIFIER"
)


def parse(source: str) -> syntax.Node:
    """The tree of `source`. Raises CompileError."""
    if len(source) > MAX_LENGTH:
        size = f"expression code point size exceeds limit: size: {len(source)}, limit {MAX_LENGTH}"
        raise CompileError(source, [Issue(0, size)])
    parser = _Parser(source)
    try:
        node = parser.expression()
    except RecursionError:
        raise CompileError(source, [too_deep()]) from None
    parser.finish()
    return node


def too_deep() -> Issue:
    """The expression is nested too deeply."""
    return Issue(0, f"expression recursion limit exceeded: {MAX_DEPTH}")


class _Parser:
    def __init__(self, source: str) -> None:
        self._source = source
        self._tokens = list(tokens(source))
        self._next = 0
        self._depth = 0

    def expression(self) -> syntax.Node:
        """`a ? b : c` and all that binds more strongly."""
        self._depth += 1
        if self._depth > MAX_DEPTH:
            raise CompileError(self._source, [too_deep()])
        node = self._binary(1)
        if question := self._accept("?"):
            chosen = self._binary(1)
            self._expect(":")
            node = syntax.Call(question.position, "_?_:_", None, (node, chosen, self.expression()))
        self._depth -= 1
        return node

    def finish(self) -> None:
        """Raises CompileError if anything is left."""
        if self._here.kind != "end":
            raise self._mistake(f"extraneous input '{self._here.text}' expecting <EOF>")

    def _binary(self, least: int) -> syntax.Node:
        node = self._unary()
        chain = 0
        while (operator := _BINARY.get(self._here.text)) and operator[0] >= least and self._here.kind != "literal":
            strength, name = operator
            position = self._take().position
            right = self._binary(strength + 1)
            if name in ("_&&_", "_||_") and isinstance(node, syntax.Call) and node.function == name and chain:
                # `a && b && c` is one call: it runs as deep as one, and errors are weighed among all.
                node = syntax.Call(node.position, name, None, (*node.arguments, right))
            else:
                node = syntax.Call(position, name, None, (node, right))
            chain += 1
            if chain > MAX_DEPTH and name not in ("_&&_", "_||_"):
                raise CompileError(self._source, [too_deep()])
        return node

    def _unary(self) -> syntax.Node:
        first = self._here
        if first.kind != "sign" or first.text not in ("!", "-"):
            return self._member()
        count = 0
        while self._here.kind == "sign" and self._here.text == first.text:
            self._take()
            count += 1
        if first.text == "-" and isinstance(self._here.value, int | float) and self._here.kind == "literal":
            number = self._here.value
            if not isinstance(number, Uint | bool):
                # A minus before a number is a part of it: -9223372036854775808 is one.
                return self._member(negative_from=first.position if count % 2 else None)
        node = self._member()
        return node if count % 2 == 0 else syntax.Call(first.position, f"{first.text}_", None, (node,))

    def _member(self, negative_from: int | None = None) -> syntax.Node:
        node = self._primary(negative_from)
        links = 0
        while True:
            links += 1
            if links > MAX_DEPTH:
                raise CompileError(self._source, [too_deep()])
            if dot := self._accept("."):
                node = self._selected(node, dot)
            elif bracket := self._accept("["):
                optional = self._accept("?") is not None
                index = self.expression()
                self._expect("]")
                node = syntax.Call(bracket.position, "_[?_]" if optional else "_[_]", None, (node, index))
            elif self._here.text == "{" and self._here.kind == "sign" and (name := syntax.qualified(node)):
                node = self._struct(name)
            else:
                return node

    def _selected(self, operand: syntax.Node, dot: Token) -> syntax.Node:
        optional = self._accept("?") is not None
        field = self._name("no viable alternative at input '.'")
        if not optional and (bracket := self._accept("(")):
            arguments = self._list(")")
            expanded = macros.expand(self._source, bracket.position, operand, field, arguments)
            return expanded or syntax.Call(bracket.position, field, operand, arguments)
        return syntax.Select(dot.position, operand, field, optional=optional)

    def _primary(self, negative_from: int | None) -> syntax.Node:
        token = self._take()
        if token.kind == "literal":
            return self._literal(token, negative_from)
        if token.text == "(":
            node = self.expression()
            self._expect(")")
            return node
        if token.text == "[":
            return self._list_literal(token)
        if token.text == "{":
            return self._map_literal(token)
        if token.text == ".":
            token = self._take()
        if token.kind != "name":
            self._next -= 1
            raise self._mistake(f"mismatched input '{token.text}' expecting {{{_OPERAND}}}")
        return self._named(token)

    def _literal(self, token: Token, negative_from: int | None) -> syntax.Node:
        if negative_from is not None:
            return syntax.Literal(negative_from, -token.value)
        if type(token.value) is int and token.value > INT_MAX:
            raise CompileError(self._source, [Issue(token.position, "invalid int literal")])
        return syntax.Literal(token.position, token.value)

    def _named(self, token: Token) -> syntax.Node:
        if token.text in _CONSTANTS:
            return syntax.Literal(token.position, _CONSTANTS[token.text])
        if token.text in RESERVED:
            raise CompileError(self._source, [Issue(token.position, f"reserved identifier: {token.text}")])
        if bracket := self._accept("("):
            arguments = self._list(")")
            if token.text == "has" and len(arguments) == 1:
                return macros.has(self._source, bracket.position, arguments[0])
            return syntax.Call(bracket.position, token.text, None, arguments)
        return syntax.Name(token.position, token.text)

    def _list(self, closing: str) -> tuple[syntax.Node, ...]:
        items: list[syntax.Node] = []
        while not self._accept(closing):
            items.append(self.expression())
            if not self._accept(","):
                self._expect(closing)
                break
        return tuple(items)

    def _list_literal(self, opening: Token) -> syntax.Node:
        items: list[syntax.Node] = []
        optional: list[bool] = []
        while not self._accept("]"):
            optional.append(self._accept("?") is not None)
            items.append(self.expression())
            if not self._accept(","):
                self._expect("]")
                break
        return syntax.ListLiteral(opening.position, tuple(items), tuple(optional))

    def _map_literal(self, opening: Token) -> syntax.Node:
        keys: list[syntax.Node] = []
        values: list[syntax.Node] = []
        optional: list[bool] = []
        while not self._accept("}"):
            optional.append(self._accept("?") is not None)
            keys.append(self.expression())
            self._expect(":")
            values.append(self.expression())
            if not self._accept(","):
                self._expect("}")
                break
        return syntax.MapLiteral(opening.position, tuple(keys), tuple(values), tuple(optional))

    def _struct(self, name: str) -> syntax.Node:
        opening = self._take()
        fields: list[str] = []
        values: list[syntax.Node] = []
        optional: list[bool] = []
        positions: list[int] = []
        while not self._accept("}"):
            optional.append(self._accept("?") is not None)
            fields.append(self._name("mismatched input, expecting IDENTIFIER"))
            positions.append(self._expect(":").position)
            values.append(self.expression())
            if not self._accept(","):
                self._expect("}")
                break
        return syntax.Struct(opening.position, name, tuple(fields), tuple(values), tuple(optional), tuple(positions))

    def _name(self, mistake: str) -> str:
        token = self._here
        if token.kind != "name" or token.text in ("in", *_CONSTANTS):
            raise self._mistake(mistake)
        return self._take().text

    @property
    def _here(self) -> Token:
        return self._tokens[self._next]

    def _take(self) -> Token:
        token = self._here
        if token.kind != "end":
            self._next += 1
        elif self._next == len(self._tokens) - 1:
            self._next += 1
            self._tokens.append(token)
        return token

    def _accept(self, sign: str) -> Token | None:
        return self._take() if self._here.kind == "sign" and self._here.text == sign else None

    def _expect(self, sign: str) -> Token:
        if (token := self._accept(sign)) is None:
            raise self._mistake(f"mismatched input '{self._here.text}' expecting '{sign}'")
        return token

    def _mistake(self, message: str) -> CompileError:
        return CompileError(self._source, [Issue(self._here.position, f"Syntax error: {message}")])

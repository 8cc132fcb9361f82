"""What is wrong with text that is no JSON, in the words of Go's ``encoding/json``.

Walked byte by byte, as Go's scanner does, and only once a real parser has refused the text. Pure.
"""

from __future__ import annotations

import json
from typing import Final

END: Final = "unexpected end of JSON input"
TOO_DEEP: Final = "exceeded max depth"
MAX_DEPTH: Final = 10_000

_SPACE: Final = b" \t\r\n"
_DIGITS: Final = b"0123456789"
_HEX: Final = b"0123456789abcdefABCDEF"
_LITERALS: Final = {ord("t"): b"true", ord("f"): b"false", ord("n"): b"null"}


class _Wrong(Exception):
    """Found: the message is Go's."""


def syntax_problem(raw: bytes) -> str:
    """Go's words for the first thing that is wrong; empty for text that is JSON to Go."""
    try:
        _Scanner(raw).document()
    except _Wrong as wrong:
        return str(wrong)
    return ""


def _quoted(byte: int) -> str:
    """A byte as Go shows it: as the character of that number."""
    if byte == ord("'"):
        return r"'\''"
    if byte == ord('"'):
        return "'\"'"
    char = chr(byte)
    if byte < 0x20 or 0x7F <= byte < 0xA0:
        short = json.dumps(char)[1:-1]
        return f"'{short}'" if len(short) == 2 else rf"'\x{byte:02x}'" if byte < 0x80 else rf"'\u{byte:04x}'"
    return r"'\\'" if char == "\\" else f"'{char}'"


class _Scanner:
    def __init__(self, raw: bytes) -> None:
        self._raw = raw
        self._at = 0

    def _next(self) -> int:
        """The byte here. Raises `_Wrong` at the end of the text."""
        if self._at >= len(self._raw):
            raise _Wrong(END)
        return self._raw[self._at]

    def _unexpected(self, where: str) -> _Wrong:
        return _Wrong(f"invalid character {_quoted(self._next())} {where}")

    def _skip(self) -> None:
        while self._at < len(self._raw) and self._raw[self._at] in _SPACE:
            self._at += 1

    def document(self) -> None:
        """A value and nothing behind it. What is open is kept in a list: the text may be deeper than Python's stack."""
        open_: list[str] = []
        while True:
            if self._value_began(open_):
                continue
            if not self._value_ended(open_):
                break
        self._skip()
        if self._at < len(self._raw):
            raise self._unexpected("after top-level value")

    def _value_began(self, open_: list[str]) -> bool:
        """Read a scalar, or go into an object or a list; whether another value must follow at once."""
        self._skip()
        byte = self._next()
        if byte == ord("{"):
            self._enter("{", open_)
            self._skip()
            if self._next() != ord("}"):
                self._key()
                return True
            self._leave(open_)
        elif byte == ord("["):
            self._enter("[", open_)
            self._skip()
            if self._next() != ord("]"):
                return True
            self._leave(open_)
        else:
            self._scalar(byte)
        return False

    def _enter(self, what: str, open_: list[str]) -> None:
        self._at += 1
        open_.append(what)
        if len(open_) > MAX_DEPTH:
            raise _Wrong(TOO_DEEP)

    def _leave(self, open_: list[str]) -> None:
        self._at += 1
        open_.pop()

    def _value_ended(self, open_: list[str]) -> bool:
        """What stands behind a value; whether another one follows."""
        while open_:
            self._skip()
            byte, what = self._next(), open_[-1]
            if byte == ord(","):
                self._at += 1
                if what == "{":
                    self._skip()
                    self._next()
                    self._key()
                return True
            if byte != ord("}" if what == "{" else "]"):
                raise self._unexpected("after object key:value pair" if what == "{" else "after array element")
            self._leave(open_)
        return False

    def _key(self) -> None:
        if self._next() != ord('"'):
            raise self._unexpected("looking for beginning of object key string")
        self._string()
        self._skip()
        if self._next() != ord(":"):
            raise self._unexpected("after object key")
        self._at += 1

    def _scalar(self, byte: int) -> None:
        if byte == ord('"'):
            self._string()
        elif byte in _LITERALS:
            self._literal(_LITERALS[byte])
        elif byte == ord("-") or byte in _DIGITS:
            self._number()
        else:
            raise self._unexpected("looking for beginning of value")

    def _literal(self, word: bytes) -> None:
        for expected in word:
            if self._next() != expected:
                raise self._unexpected(f"in literal {word.decode()} (expecting {chr(expected)!r})")
            self._at += 1

    def _string(self) -> None:
        self._at += 1
        while (byte := self._next()) != ord('"'):
            if byte < 0x20:
                raise self._unexpected("in string literal")
            self._at += 1
            if byte == ord("\\"):
                self._escape()
        self._at += 1

    def _escape(self) -> None:
        byte = self._next()
        if byte not in b'"\\/bfnrtu':
            raise self._unexpected("in string escape code")
        self._at += 1
        for _ in range(4 if byte == ord("u") else 0):
            if self._next() not in _HEX:
                raise self._unexpected(r"in \u hexadecimal character escape")
            self._at += 1

    def _number(self) -> None:
        if self._raw[self._at] == ord("-"):
            self._at += 1
            if self._next() not in _DIGITS:
                raise self._unexpected("in numeric literal")
        if self._raw[self._at] == ord("0"):
            self._at += 1
        else:
            self._digits()
        if self._here(b"."):
            self._at += 1
            if self._next() not in _DIGITS:
                raise self._unexpected("after decimal point in numeric literal")
            self._digits()
        if self._here(b"eE"):
            self._at += 1
            if self._next() in b"+-":
                self._at += 1
            if self._next() not in _DIGITS:
                raise self._unexpected("in exponent of numeric literal")
            self._digits()

    def _here(self, bytes_: bytes) -> bool:
        return self._at < len(self._raw) and self._raw[self._at] in bytes_

    def _digits(self) -> None:
        while self._here(_DIGITS):
            self._at += 1

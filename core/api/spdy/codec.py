"""Frames to bytes and back. A session has one `Encoder` and one `Decoder`; they keep the state of the header compression,
and the decoder what it has of a frame whose rest has not come yet.

Every frame has a head of eight bytes: one bit that tells control frames from data, version and type (or the stream), flags
and length.
"""

from __future__ import annotations

import struct
from collections.abc import Callable, Iterator, Mapping
from typing import Final

from sampan.core.api.spdy.errors import SpdyError
from sampan.core.api.spdy.frames import (
    LARGEST_DATA,
    Data,
    Frame,
    GoAway,
    MoreHeaders,
    Ping,
    RstStream,
    Setting,
    Settings,
    SynReply,
    SynStream,
    WindowUpdate,
)
from sampan.core.api.spdy.headers import HeaderPacker, HeaderUnpacker

VERSION: Final = 3
SYN_STREAM, SYN_REPLY, RST_STREAM, SETTINGS, PING, GOAWAY, HEADERS, WINDOW_UPDATE = 1, 2, 3, 4, 6, 7, 8, 9
FIN: Final = 1
UNIDIRECTIONAL: Final = 2
CLEAR: Final = 1
LARGEST_CONTROL: Final = 64 * 1024
"""Bytes of a control frame that are waited for; a data frame may have 16 MiB."""

_HEAD: Final = struct.Struct(">LL")
_CONTROL: Final = 1 << 31
_STREAM: Final = _CONTROL - 1
_NEW_STREAM: Final = struct.Struct(">LLBB")
_NUMBER: Final = struct.Struct(">L")
_NUMBERS: Final = struct.Struct(">LL")


class Encoder:
    def __init__(self) -> None:
        self._headers = HeaderPacker()

    def encode(self, frame: Frame) -> bytes:
        """For the wire, in the order of the calls."""
        match frame:
            case Data():
                return _data(frame)
            case SynStream():
                flags = FIN * frame.fin | UNIDIRECTIONAL * frame.unidirectional
                head = _NEW_STREAM.pack(frame.stream, frame.associated, frame.priority << 5, frame.slot)
                return _control(SYN_STREAM, head + self._headers.pack(frame.headers), flags)
            case SynReply():
                body = _NUMBER.pack(frame.stream) + self._headers.pack(frame.headers)
                return _control(SYN_REPLY, body, FIN * frame.fin)
            case MoreHeaders():
                body = _NUMBER.pack(frame.stream) + self._headers.pack(frame.headers)
                return _control(HEADERS, body, FIN * frame.fin)
            case Settings():
                pairs = [_NUMBERS.pack(each.flags << 24 | each.id, each.value) for each in frame.settings]
                return _control(SETTINGS, _NUMBER.pack(len(pairs)) + b"".join(pairs), CLEAR * frame.clear)
            case RstStream():
                return _control(RST_STREAM, _NUMBERS.pack(frame.stream, frame.status))
            case Ping():
                return _control(PING, _NUMBER.pack(frame.id))
            case GoAway():
                return _control(GOAWAY, _NUMBERS.pack(frame.last_stream, frame.status))
            case WindowUpdate():
                return _control(WINDOW_UPDATE, _NUMBERS.pack(frame.stream, frame.delta))


def _control(kind: int, body: bytes, flags: int = 0) -> bytes:
    return _HEAD.pack(_CONTROL | VERSION << 16 | kind, flags << 24 | len(body)) + body


def _data(frame: Data) -> bytes:
    assert len(frame.data) <= LARGEST_DATA
    return _HEAD.pack(frame.stream, (FIN * frame.fin) << 24 | len(frame.data)) + frame.data


class Decoder:
    def __init__(self) -> None:
        self._headers = HeaderUnpacker()
        self._buffer = bytearray()
        self._readers: Mapping[int, Callable[[bytes, int], Frame]] = {
            SYN_STREAM: self._syn_stream,
            SYN_REPLY: self._syn_reply,
            RST_STREAM: _rst_stream,
            SETTINGS: _settings,
            PING: _ping,
            GOAWAY: _go_away,
            HEADERS: self._more_headers,
            WINDOW_UPDATE: _window_update,
        }

    def feed(self, data: bytes) -> Iterator[Frame]:
        """The frames that are whole now, however the bytes were cut. Control frames of unknown types are left out.

        The iterator must be read to its end before the next call. Raises `SpdyError`.
        """
        self._buffer += data
        while len(self._buffer) >= _HEAD.size:
            word, rest = _HEAD.unpack_from(self._buffer)
            flags, size = rest >> 24, rest & LARGEST_DATA
            if word & _CONTROL:
                _check_control(word, size)
            if len(self._buffer) < _HEAD.size + size:
                return
            body = bytes(memoryview(self._buffer)[_HEAD.size : _HEAD.size + size])
            del self._buffer[: _HEAD.size + size]
            if not word & _CONTROL:
                yield Data(_stream(word), body, fin=bool(flags & FIN))
            elif (frame := self._read(word & 0xFFFF, body, flags)) is not None:
                yield frame

    def _read(self, kind: int, body: bytes, flags: int) -> Frame | None:
        reader = self._readers.get(kind)
        if reader is None:
            return None
        try:
            return reader(body, flags)
        except struct.error as exc:
            raise SpdyError(f"a control frame of type {kind} has the wrong length") from exc

    def _syn_stream(self, body: bytes, flags: int) -> SynStream:
        stream, associated, priority, slot = _NEW_STREAM.unpack_from(body)
        return SynStream(
            _stream(stream),
            self._headers.unpack(body[_NEW_STREAM.size :]),
            fin=bool(flags & FIN),
            unidirectional=bool(flags & UNIDIRECTIONAL),
            associated=associated & _STREAM,
            priority=priority >> 5,
            slot=slot,
        )

    def _syn_reply(self, body: bytes, flags: int) -> SynReply:
        (stream,) = _NUMBER.unpack_from(body)
        return SynReply(_stream(stream), self._headers.unpack(body[_NUMBER.size :]), fin=bool(flags & FIN))

    def _more_headers(self, body: bytes, flags: int) -> MoreHeaders:
        (stream,) = _NUMBER.unpack_from(body)
        return MoreHeaders(_stream(stream), self._headers.unpack(body[_NUMBER.size :]), fin=bool(flags & FIN))


def _check_control(word: int, size: int) -> None:
    """Before any more of the frame is waited for."""
    version = word >> 16 & 0x7FFF
    if version != VERSION:
        raise SpdyError(f"a control frame has the version {version}, not {VERSION}")
    if size > LARGEST_CONTROL:
        raise SpdyError(f"a control frame has {size} bytes, more than {LARGEST_CONTROL}")


def _stream(word: int) -> int:
    if not word & _STREAM:
        raise SpdyError("a frame belongs to stream 0, which is none")
    return word & _STREAM


def _rst_stream(body: bytes, flags: int) -> RstStream:
    stream, status = _NUMBERS.unpack(body)
    return RstStream(_stream(stream), status)


def _settings(body: bytes, flags: int) -> Settings:
    (count,) = _NUMBER.unpack_from(body)
    if len(body) != _NUMBER.size + count * _NUMBERS.size:
        raise SpdyError("a SETTINGS frame has not as many entries as it says")
    pairs = _NUMBERS.iter_unpack(body[_NUMBER.size :])
    settings = tuple(Setting(first & 0xFFFFFF, value, first >> 24) for first, value in pairs)
    return Settings(settings, clear=bool(flags & CLEAR))


def _ping(body: bytes, flags: int) -> Ping:
    return Ping(*_NUMBER.unpack(body))


def _go_away(body: bytes, flags: int) -> GoAway:
    stream, status = _NUMBERS.unpack(body)
    return GoAway(stream & _STREAM, status)


def _window_update(body: bytes, flags: int) -> WindowUpdate:
    stream, delta = _NUMBERS.unpack(body)
    return WindowUpdate(stream & _STREAM, delta & _STREAM)

"""SPDY/3.1 frames: every frame survives the wire, however it is cut, and what is no SPDY is refused."""

from __future__ import annotations

import struct
import zlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sampan.core.api.spdy.codec import LARGEST_CONTROL, Decoder, Encoder
from sampan.core.api.spdy.dictionary import DICTIONARY
from sampan.core.api.spdy.errors import SpdyError
from sampan.core.api.spdy.frames import (
    CANCEL,
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
from sampan.core.api.spdy.headers import LARGEST_BLOCK, HeaderPacker

streams = st.integers(1, 2**31 - 1)
numbers = st.integers(0, 2**32 - 1)
bytes_as_text = st.text(st.characters(max_codepoint=255), max_size=40)
headers = st.dictionaries(bytes_as_text, bytes_as_text, max_size=6)
settings = st.builds(Setting, st.integers(0, 2**24 - 1), numbers, st.integers(0, 255))
frames: st.SearchStrategy[Frame] = st.one_of(
    st.builds(
        SynStream,
        streams,
        headers,
        fin=st.booleans(),
        unidirectional=st.booleans(),
        associated=st.integers(0, 2**31 - 1),
        priority=st.integers(0, 7),
        slot=st.integers(0, 255),
    ),
    st.builds(SynReply, streams, headers, fin=st.booleans()),
    st.builds(RstStream, streams, numbers),
    st.builds(Settings, st.lists(settings, max_size=4).map(tuple), clear=st.booleans()),
    st.builds(Ping, numbers),
    st.builds(GoAway, st.integers(0, 2**31 - 1), numbers),
    st.builds(MoreHeaders, streams, headers, fin=st.booleans()),
    st.builds(WindowUpdate, st.integers(0, 2**31 - 1), st.integers(0, 2**31 - 1)),
    st.builds(Data, streams, st.binary(max_size=300), fin=st.booleans()),
)


def decode(*pieces: bytes) -> list[Frame]:
    decoder = Decoder()
    return [frame for piece in pieces for frame in decoder.feed(piece)]


def control(kind: int, body: bytes, version: int = 3) -> bytes:
    return struct.pack(">HHL", 0x8000 | version, kind, len(body)) + body


@given(st.lists(frames, max_size=8), st.integers(1, 50))
def test_frames_come_out_as_they_went_in_however_they_are_cut(sent: list[Frame], size: int) -> None:
    encoder = Encoder()
    wire = b"".join(map(encoder.encode, sent))
    pieces = [wire[start : start + size] for start in range(0, len(wire), size)]
    assert decode(*pieces) == decode(wire) == sent


@given(st.binary(max_size=200))
def test_any_bytes_are_frames_or_refused(noise: bytes) -> None:
    try:
        decode(noise)
    except SpdyError:
        return


@given(frames, st.data())
def test_a_frame_with_a_changed_byte_is_another_frame_or_refused(frame: Frame, data: st.DataObject) -> None:
    wire = bytearray(Encoder().encode(frame))
    wire[data.draw(st.integers(0, len(wire) - 1))] ^= data.draw(st.integers(1, 255))
    try:
        decode(bytes(wire))
    except SpdyError:
        return


def test_frames_have_the_layout_of_the_specification() -> None:
    encoder = Encoder()
    assert encoder.encode(Data(3, b"ab", fin=True)) == bytes.fromhex("00000003 01000002") + b"ab"
    assert encoder.encode(Ping(1)) == bytes.fromhex("80030006 00000004 00000001")
    assert encoder.encode(RstStream(1, CANCEL)) == bytes.fromhex("80030003 00000008 00000001 00000005")
    assert encoder.encode(GoAway(7)) == bytes.fromhex("80030007 00000008 00000007 00000000")
    assert encoder.encode(WindowUpdate(1, 256)) == bytes.fromhex("80030009 00000008 00000001 00000100")
    assert encoder.encode(Settings((Setting(4, 100, 1),))) == bytes.fromhex(
        "80030004 0000000c 00000001 01000004 00000064"
    )
    reply = encoder.encode(SynReply(5, {"a": "b"}, fin=True))
    assert reply.startswith(bytes.fromhex("80030002 01"))
    assert reply[8:12] == bytes.fromhex("00000005")
    plain = zlib.decompressobj(zdict=DICTIONARY).decompress(reply[12:])
    assert plain == bytes.fromhex("00000001 00000001 61 00000001 62")


def test_the_dictionary_is_the_one_of_spdy_3() -> None:
    assert (len(DICTIONARY), zlib.adler32(DICTIONARY)) == (1423, 0xE3C6A7C2)


def test_unknown_control_frames_are_left_out() -> None:
    assert decode(control(10, b"credential") + Encoder().encode(Ping(1))) == [Ping(1)]


@pytest.mark.parametrize(
    ("wire", "reason"),
    [
        (control(6, b"\0\0\0\1", version=2), "version 2"),
        (control(6, b"\0\0\0"), "wrong length"),
        (control(3, struct.pack(">LL", 0, 5)), "stream 0"),
        (struct.pack(">LL", 0, 0), "stream 0"),
        (struct.pack(">HHL", 0x8003, 1, LARGEST_CONTROL + 1), "more than"),
        (control(4, struct.pack(">L", 2**32 - 1)), "as many entries"),
        (control(2, struct.pack(">L", 1) + b"not zlib"), "not compressed"),
        (control(2, struct.pack(">L", 1) + zlib.compress(b"\0\0\0\0")), "ends the compression"),
        (control(2, struct.pack(">L", 1) + HeaderPacker().pack({"a": "b" * LARGEST_BLOCK})), "longer than"),
    ],
)
def test_what_is_no_spdy_is_refused(wire: bytes, reason: str) -> None:
    with pytest.raises(SpdyError, match=reason):
        decode(wire)


def test_a_header_block_that_lies_about_its_lengths_is_refused() -> None:
    for plain in (
        "00000001 00000005 61",
        "00000002 00000001 61 00000000",
        "00000000 00",
        "00000002" + "0000000161" * 4,
    ):
        packer = zlib.compressobj(zdict=DICTIONARY)
        block = packer.compress(bytes.fromhex(plain)) + packer.flush(zlib.Z_SYNC_FLUSH)
        with pytest.raises(SpdyError):
            decode(control(2, struct.pack(">L", 1) + block))

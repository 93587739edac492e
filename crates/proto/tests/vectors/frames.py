#!/usr/bin/env python3
"""Writes frames.json: frames as docs/PROTOCOL.md, 12 describes them, encoded without any Protocol Buffers library.

It is here to show where the vectors come from. The vectors are permanent: a change of this script must not change them.
"""

import json
import pathlib


def varint(number):
    out = bytearray()
    while number >= 0x80:
        out.append(number & 0x7F | 0x80)
        number >>= 7
    out.append(number)
    return bytes(out)


def number(field, value):
    return varint(field << 3) + varint(value) if value else b""


def fixed64(field, value):
    return varint(field << 3 | 1) + value.to_bytes(8, "little") if value else b""


def data(field, value, always=False):
    value = value.encode() if isinstance(value, str) else value
    return varint(field << 3 | 2) + varint(len(value)) + value if value or always else b""


def frame(kind, *fields):
    return data(kind, b"".join(fields), always=True)


ACCOUNT = bytes(range(16))
UNBLOCK = data(1, ACCOUNT)
METHOD = "sotto.v1.AccountService/UnblockAccount"
MAX = 2**53 - 1

GOOD = [
    ("hello", {"kind": "hello", "min": 1, "max": 1, "program": "sotto/0.1.0"}, frame(1, number(1, 1), number(2, 1), data(3, "sotto/0.1.0"))),
    ("hello without a program", {"kind": "hello", "min": 1, "max": 3, "program": ""}, frame(1, number(1, 1), number(2, 3))),
    (
        "accept",
        {"kind": "accept", "version": 1, "calls": 64, "message": 8388608, "ping": 25000, "time": 1767225600000},
        frame(2, number(1, 1), number(2, 64), number(3, 8388608), number(4, 25000), number(5, 1767225600000)),
    ),
    (
        "request",
        {"kind": "request", "call": 1, "method": METHOD, "deadline": 10000, "credit": 0, "total": 18, "body": UNBLOCK.hex()},
        frame(3, number(1, 1), data(2, METHOD), number(3, 10000), data(6, UNBLOCK)),
    ),
    (
        "request with an empty message",
        {"kind": "request", "call": MAX, "method": "sotto.v1.AuthService/Logout", "deadline": 0, "credit": 16777216, "total": 0, "body": ""},
        frame(3, number(1, MAX), data(2, "sotto.v1.AuthService/Logout"), number(4, 16777216)),
    ),
    (
        "request in pieces",
        {"kind": "request", "call": 3, "method": "sotto.v1.FileService/UploadPart", "deadline": 600000, "credit": 0, "total": 8388608, "body": "0a"},
        frame(3, number(1, 3), data(2, "sotto.v1.FileService/UploadPart"), number(3, 600000), number(5, 8388608), data(6, b"\n")),
    ),
    ("reply", {"kind": "reply", "call": 1, "total": 0, "body": ""}, frame(4, number(1, 1))),
    ("item", {"kind": "item", "call": 5, "total": 3, "body": "120133"}, frame(5, number(1, 5), data(3, b"\x12\x01\x33"))),
    ("more", {"kind": "more", "call": 3, "body": "ff"}, frame(6, number(1, 3), data(2, b"\xff"))),
    ("end", {"kind": "end", "call": 5}, frame(7, number(1, 5))),
    (
        "failure",
        {"kind": "failure", "call": 7, "code": 600, "retry": 1500},
        frame(8, number(1, 7), data(2, number(1, 600) + number(2, 1500))),
    ),
    ("cancel", {"kind": "cancel", "call": 5}, frame(9, number(1, 5))),
    ("credit", {"kind": "credit", "call": 5, "bytes": 65536}, frame(10, number(1, 5), number(2, 65536))),
    ("ping", {"kind": "ping", "token": 72623859790382856}, frame(11, fixed64(1, 0x0102030405060708))),
    ("pong of zero", {"kind": "pong", "token": 0}, frame(12)),
    ("authenticate", {"kind": "authenticate", "token": "aaa.bbb.ccc"}, frame(13, data(1, "aaa.bbb.ccc"))),
    ("authenticated", {"kind": "authenticated", "expires": 900000}, frame(14, number(1, 900000))),
    ("authentication refused", {"kind": "refused", "code": 201}, frame(14, data(2, number(1, 201)))),
    ("close", {"kind": "close", "reason": 6, "retry": 5000, "last": 41}, frame(15, number(1, 6), number(2, 5000), number(3, 41))),
]

BAD = [
    ("nothing", b"", "frame has no kind"),
    ("a kind of a later version", frame(16), "frame has no kind"),
    ("cut within a field", frame(1, number(1, 1))[:-1], "message is not well-formed"),
    ("a group", bytes([0x0B, 0x0C]), "message is not well-formed"),
    ("an endless number", bytes([0x08]) + b"\xff" * 10, "message is not well-formed"),
    ("no version", frame(1), "hello.version_min is 0, allowed is 1 to 4294967295"),
    ("versions upside down", frame(1, number(1, 2), number(2, 1)), "hello.version_max is 1, allowed is 2 to 4294967295"),
    ("program with a line feed", frame(1, number(1, 1), number(2, 1), data(3, "a\nb")), "hello.program contains the forbidden character '\\n'"),
    ("call 0", frame(7), "end.call_id is 0, allowed is 1 to 9007199254740991"),
    ("call beyond the last", frame(7, number(1, MAX + 1)), "end.call_id is 9007199254740992, allowed is 1 to 9007199254740991"),
    ("no method", frame(3, number(1, 1)), "request.method has 0 bytes, allowed are 1 to 96"),
    ("method too long", frame(3, number(1, 1), data(2, "m" * 97)), "request.method has 97 bytes, allowed are 1 to 96"),
    ("total no larger than the body", frame(4, number(1, 1), number(2, 1), data(3, b"x")), "reply.total_size is 1, allowed is 2 to 8388608"),
    ("total too large", frame(4, number(1, 1), number(2, 8388609), data(3, b"x")), "reply.total_size is 8388609, allowed is 2 to 8388608"),
    ("empty piece", frame(6, number(1, 1)), "more.body has 0 bytes, allowed are 1 to 65536"),
    ("no error in a failure", frame(8, number(1, 1)), "failure.error is missing"),
    ("no credit", frame(10, number(1, 1)), "credit.bytes is 0, allowed is 1 to 16777216"),
    ("too much credit", frame(10, number(1, 1), number(2, 16777217)), "credit.bytes is 16777217, allowed is 1 to 16777216"),
    ("no token", frame(13), "authenticate.access_token has 0 bytes, allowed are 1 to 1024"),
    ("accepted and refused", frame(14, number(1, 1), data(2, number(1, 201))), "authenticated.error is malformed: both accepts and refuses"),
    ("no reason to close", frame(15), "close.reason is the unknown value 0"),
]

vectors = {
    "about": "Frames of docs/PROTOCOL.md, 12. Made by frames.py beside this file. Dual-licensed as the project.",
    "frames": [{"name": name, "frame": fields, "hex": encoded.hex()} for name, fields, encoded in GOOD],
    "refused": [{"name": name, "hex": encoded.hex(), "because": why} for name, encoded, why in BAD],
}
path = pathlib.Path(__file__).with_name("frames.json")
path.write_text(json.dumps(vectors, indent=2, ensure_ascii=False) + "\n")

"""Broken things, made of whole ones: bytes, trees of values, texts that no parser likes, and files that are none."""

import copy
import os
import random
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

NASTY_TEXTS: Sequence[str] = (
    "",
    "\0",
    "\x1b]0;title\x07\x1b[2J",
    "::add-mask::x",
    "##[group]x",
    "\ud800",
    "\u202eevil\u2028line",
    "x" * 100_000,
    "9" * 5_000,
    "-1e999",
    "1e-999",
    "NaN",
    "../../outside",
    "/dev/zero",
    "http://[::1",
    "http://127.0.0.1\\@127.0.0.2",
    "{{ x }}{% raw %}",
    "<script>alert(1)</script>",
    "(" * 2_000,
    "up+" * 6_000 + "up",
    "-" * 3_000 + "up",
    "rate(" * 900 + "up" + "[1m])" * 900,
    'up{a=~"(x+x+)+y"}',
    "rate(up[9999999999y])",
    "up[5m:1ns]",
    "up offset -99999999999999999999s",
    "sum by (" + ",".join(f"l{n}" for n in range(2_000)) + ") (up)",
    "$__interval",
    "[[x]]${x:regex}",
    "1" + "0" * 400,
)
NASTY_VALUES: Sequence[Any] = (
    None,
    True,
    False,
    0,
    -1,
    2**31,
    2**63,
    2**64,
    -(2**70),
    10**400,
    1.5,
    1e308,
    -0.0,
    float("nan"),
    float("inf"),
    [],
    {},
    [[]],
    [None],
    {"": ""},
    {"a": {"a": {"a": []}}},
    ["x"] * 3_000,
)


def deep(levels: int, *, mapping: bool = False) -> Any:
    """A list in a list, or a mapping in a mapping."""
    value: Any = 1
    for _ in range(levels):
        value = {"a": value} if mapping else [value]
    return value


def nasty(chance: random.Random) -> Any:
    """A value that has no business there."""
    match chance.randrange(8):
        case 0 | 1 | 2:
            return chance.choice(NASTY_TEXTS)
        case 3:
            return deep(chance.choice((50, 150, 400)), mapping=chance.random() < 0.5)
        case 4:
            return chance.randrange(-(10 ** chance.randrange(1, 40)), 10 ** chance.randrange(1, 40))
        case _:
            return copy.deepcopy(chance.choice(NASTY_VALUES))


def tree(chance: random.Random, value: Any) -> Any:
    """The value with one to three of its nodes replaced, removed, renamed, doubled or swapped."""
    changed = copy.deepcopy(value)
    for _ in range(chance.choice((1, 1, 1, 2, 3))):
        places = list(_places(changed))
        if not places:
            return nasty(chance)
        holder, key = chance.choice(places)
        match chance.randrange(7):
            case 0 | 1 | 2:
                holder[key] = nasty(chance)
            case 3:
                del holder[key]
            case 4:
                other, there = chance.choice(places)
                if isinstance(other, dict) or there < len(other):
                    holder[key] = copy.deepcopy(other.get(there) if isinstance(other, dict) else other[there])
            case 5 if isinstance(holder, dict):
                holder[str(chance.choice(NASTY_TEXTS))[:200]] = holder.pop(key)
            case 6 if isinstance(holder, list):
                holder.extend(copy.deepcopy(holder[key : key + 1]) * chance.choice((1, 2, 300)))
            case _ if isinstance(holder[key], str):
                holder[key] = text(chance, holder[key])
            case _:
                holder[key] = [holder[key]]
    return changed


def _places(value: Any) -> Any:
    waiting = [value]
    while waiting:
        here = waiting.pop()
        keys = list(here) if isinstance(here, dict) else range(len(here)) if isinstance(here, list) else ()
        for key in keys:
            yield here, key
            if isinstance(here[key], dict | list):
                waiting.append(here[key])


def text(chance: random.Random, whole: str) -> str:
    """The text with something nasty in it, cut, or mixed up."""
    at = chance.randrange(len(whole) + 1)
    match chance.randrange(5):
        case 0:
            return whole[:at]
        case 1:
            return whole[:at] + str(chance.choice(NASTY_TEXTS)) + whole[at:]
        case 2:
            return whole[:at] + chr(chance.choice((0, 7, 27, 34, 39, 92, 123, 125, 0x85, 0x2028, 0x1F600))) + whole[at:]
        case 3:
            return whole[at:] + whole[:at]
        case _:
            characters = list(whole)
            chance.shuffle(characters)
            return "".join(characters)


def raw(chance: random.Random, whole: bytes) -> bytes:
    """The bytes with some of them flipped, cut, doubled, moved, or with foreign ones between."""
    data = bytearray(whole)
    for _ in range(chance.choice((1, 1, 2, 4, 16))):
        if not data:
            break
        at, length = chance.randrange(len(data)), chance.choice((1, 1, 2, 8, 64, 4096))
        match chance.randrange(6):
            case 0:
                data[at] ^= 1 << chance.randrange(8)
            case 1:
                del data[at : at + length]
            case 2:
                data[at:at] = data[at : at + length] * chance.choice((1, 1, 2, 50))
            case 3:
                data[at:at] = chance.randbytes(min(length, 64))
            case 4:
                del data[at:]
            case _:
                data[at : at + 1] = chance.choice((b"\0", b"\xff", b"\n", b'"', b"[", b"{", b"'", b"#", b"\xe2\x80"))
    return bytes(data)


HOSTILE: Sequence[Callable[[], bytes]] = (
    lambda: b"",
    lambda: b"\0" * 1000,
    lambda: b"\xef\xbb\xbf{}",
    lambda: b"\xff\xfe{\0}\0",
    lambda: b"[" * 200_000,
    lambda: b'{"a":' * 100_000,
    lambda: b"[" * 5_000 + b"]" * 5_000,
    lambda: b"9" * 50_000,
    lambda: b"x = " + b"[" * 50_000,
    lambda: b"x = " + b"9" * 50_000,
    lambda: b"[" + b"a." * 50_000 + b"a]",
    lambda: b"[[a]]\n" * 50_000,
    lambda: b"- " * 50_000,
    lambda: b"{" * 20_000,
    lambda: b"a: &a [*a]\n",
    lambda: (
        b"a: &a [x,x,x,x,x,x,x,x,x]\n"
        + b"".join(b"%c: &%c [%s]\n" % (97 + n, 97 + n, b",".join([b"*%c" % (96 + n)] * 9)) for n in range(1, 12))
    ),
    lambda: b"!!python/object/apply:os.system ['true']\n",
    lambda: b"groups: !!binary aGk=\n",
    lambda: b"groups: 2001-99-99\n",
    lambda: b"? [a, {b: c}]\n: d\n",
    lambda: b'"' + b"\\" * 99_999,
    lambda: b"x" * 20_000_000,
    lambda: b"- a\n" * 250_000,
    lambda: b"[a.b]\n" * 150_000,
    lambda: b'{"a": ' + b"1," * 400_000,
    lambda: b"x = '''" + b"''" * 100_000,
    lambda: b"\n" * 2_000_000,
    lambda: bytes(range(256)) * 8,
)
"""Whole contents."""


def special(chance: random.Random, file: Path) -> str:
    """Something other than a regular file under its name; returns what."""
    file.unlink(missing_ok=True)
    match chance.randrange(6):
        case 0:
            os.mkfifo(file)
            return "a FIFO"
        case 1:
            file.mkdir()
            return "a directory"
        case 2:
            file.symlink_to("/dev/zero")
            return "a link to /dev/zero"
        case 3:
            file.symlink_to(file.name)
            return "a link to itself"
        case 4:
            file.symlink_to("nowhere")
            return "a link to nothing"
        case _:
            return "missing"

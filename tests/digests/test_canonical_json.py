from __future__ import annotations

import json
import random
import struct
import subprocess
import sys
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dragon_ledger.digests.canonical_json import (
    MAX_DEPTH,
    MAX_SAFE_INTEGER,
    JsonValue,
    canonical_json,
    parse_canonical_json,
)
from dragon_ledger.errors import InputError

# RFC 8785 appendix B: IEEE 754 bits and the text that ECMAScript gives.
RFC_NUMBERS = {
    "0000000000000000": "0",
    "8000000000000000": "0",
    "0000000000000001": "5e-324",
    "8000000000000001": "-5e-324",
    "7fefffffffffffff": "1.7976931348623157e+308",
    "ffefffffffffffff": "-1.7976931348623157e+308",
    "4340000000000000": "9007199254740992",
    "c340000000000000": "-9007199254740992",
    "4430000000000000": "295147905179352830000",
    "44b52d02c7e14af5": "9.999999999999997e+22",
    "44b52d02c7e14af6": "1e+23",
    "44b52d02c7e14af7": "1.0000000000000001e+23",
    "444b1ae4d6e2ef4e": "999999999999999700000",
    "444b1ae4d6e2ef4f": "999999999999999900000",
    "444b1ae4d6e2ef50": "1e+21",
    "3eb0c6f7a0b5ed8c": "9.999999999999997e-7",
    "3eb0c6f7a0b5ed8d": "0.000001",
    "41b3de4355555553": "333333333.3333332",
    "41b3de4355555554": "333333333.33333325",
    "41b3de4355555555": "333333333.3333333",
    "41b3de4355555556": "333333333.3333334",
    "41b3de4355555557": "333333333.33333343",
    "becbf647612f3696": "-0.0000033333333333333333",
    "43143ff3c1cb0959": "1424953923781206.2",
}


@pytest.mark.parametrize(("bits", "text"), RFC_NUMBERS.items())
def test_writes_numbers_as_the_rfc_lists_them(bits: str, text: str) -> None:
    (value,) = struct.unpack(">d", bytes.fromhex(bits))
    assert canonical_json(value) == text.encode()


def test_writes_numbers_as_an_ecmascript_engine_does(tmp_path: Path) -> None:
    source = random.Random(8785)
    values = [source.random() * 10.0 ** source.randint(-12, 25) for _ in range(20_000)]
    packed = tmp_path / "doubles"
    packed.write_bytes(struct.pack(f"<{len(values)}d", *values))
    program = (
        f"const b = require('fs').readFileSync({json.dumps(str(packed))});"
        "const a = new Float64Array(b.buffer, b.byteOffset, b.length / 8);"
        "console.log(JSON.stringify(Array.from(a)))"
    )
    node = Path(sys.executable).parent / "node"
    answer = subprocess.run([node, "-e", program], capture_output=True, check=True).stdout
    assert canonical_json(values) == answer.strip()


def test_sorts_names_by_utf16_code_units_as_the_rfc_example() -> None:
    names = ["€", "\r", "\ufb33", "1", "😀", "\x80", "ö"]
    written = parse_canonical_json(canonical_json(dict.fromkeys(names, 0)))
    assert isinstance(written, dict)
    assert list(written) == ["\r", "1", "\x80", "ö", "€", "😀", "\ufb33"]


def test_escapes_only_what_json_must() -> None:
    text = '\u20ac$\u000f\nA\'B"\\\\"/\x7f\u2028'
    assert canonical_json(text) == '"€$\\u000f\\nA\'B\\"\\\\\\\\\\"/\x7f\u2028"'.encode()


def test_separates_nothing_and_keeps_the_order_of_lists() -> None:
    value: JsonValue = {"b": [True, None, False, [], {}], "a": ("x", -1)}
    assert canonical_json(value) == b'{"a":["x",-1],"b":[true,null,false,[],{}]}'


@pytest.mark.parametrize(
    "value",
    [
        float("nan"),
        float("inf"),
        MAX_SAFE_INTEGER + 1,
        -MAX_SAFE_INTEGER - 1,
        "\ud800",
        {"\udfff": 1},
        {1: "a"},
        {"a": b"bytes"},
        {"a": {1, 2}},
    ],
)
def test_refuses_what_has_no_canonical_form(value: object) -> None:
    with pytest.raises(InputError):
        canonical_json(value)  # type: ignore[arg-type]  # the point of the test


def test_names_the_place_of_what_it_refuses() -> None:
    with pytest.raises(InputError, match=r"\$\.rows\[1\]\.weight is nan"):
        canonical_json({"rows": [{}, {"weight": float("nan")}]})


def test_refuses_deep_nesting_when_writing_and_reading() -> None:
    deep: list[object] = []
    for _ in range(MAX_DEPTH + 1):
        deep = [deep]
    with pytest.raises(InputError, match="nested deeper"):
        canonical_json(deep)  # type: ignore[arg-type]  # list is invariant
    with pytest.raises(InputError, match="nested deeper"):
        parse_canonical_json(b"[" * 100_000)


def test_brackets_in_texts_are_no_nesting() -> None:
    value: JsonValue = ["[" * 1_000, {'"\\[': "\\"}]
    assert parse_canonical_json(canonical_json(value)) == value


def test_deep_nesting_does_not_end_the_interpreter_where_its_limit_was_raised() -> None:
    limit = sys.getrecursionlimit()
    sys.setrecursionlimit(1_000_000)
    try:
        with pytest.raises(InputError, match="nested deeper"):
            parse_canonical_json(b"[" * 1_000_000)
    finally:
        sys.setrecursionlimit(limit)


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"{",
        b'{"a": 1}',
        b'{"b":1,"a":1}',
        b'{"a":1,"a":1}',
        b'{"a":1.0}',
        b'{"a":1e2}',
        b'"\\u0041"',
        b"\xef\xbb\xbf{}",
        b"\xff",
        b"NaN",
        b"-0",
        b"1\n",
        b"9" * 5000,
    ],
)
def test_reads_the_canonical_form_only(data: bytes) -> None:
    with pytest.raises(InputError):
        parse_canonical_json(data)


json_values = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-MAX_SAFE_INTEGER, MAX_SAFE_INTEGER)
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
)


@given(json_values)
def test_reads_back_what_it_wrote(value: object) -> None:
    data = canonical_json(value)  # type: ignore[arg-type]  # hypothesis gives object
    assert parse_canonical_json(data) == value

#!/usr/bin/env python3
"""Reads an Arrow IPC stream of ours, with every type, by pyarrow and compares schema and rows with what we meant.

    .deps/readers/bin/python src/sql/arrow_readers_check.py build/dev/src/sql_test      # script/test runs this; script/bootstrap installs the readers
"""
import datetime
import decimal
import os
import subprocess
import sys
import tempfile

import pyarrow
import pyarrow.ipc

UTC = datetime.timezone.utc
SECOND = datetime.datetime(2026, 1, 2, 3, 4, 5)

# name, type, value in row i
COLUMNS = [
    ("t", "int8", lambda i: i), ("s", "int16", lambda i: -i), ("i", "int32", lambda i: i), ("b", "int64", lambda i: i * 5000000000),
    ("ut", "uint8", lambda i: i), ("us", "uint16", lambda i: i), ("ui", "uint32", lambda i: i), ("ub", "uint64", lambda i: i),
    ("f", "float", lambda i: i / 4), ("d", "double", lambda i: i / 8), ("m", "decimal128(38, 2)", lambda i: decimal.Decimal(f"{i}.25")),
    ("small", "decimal128(4, 1)", lambda i: decimal.Decimal(f"{i}.5")), ("o", "bool", lambda i: i % 2 == 0), ("v", "string", lambda i: f"text {i}"),
    ("y", "binary", lambda i: b"bytes"), ("day", "date32[day]", lambda i: datetime.date(2026, 1, 2 + i)),
    ("clock", "time64[us]", lambda i: datetime.time(5, 6, 7, 500000)), ("at", "timestamp[us]", lambda i: SECOND.replace(microsecond=678901)),
    ("at_tz", "timestamp[us, tz=UTC]", lambda i: SECOND.replace(hour=1, tzinfo=UTC)), ("at_s", "timestamp[s]", lambda i: SECOND),
    ("at_ms", "timestamp[ms]", lambda i: SECOND.replace(microsecond=678000)), ("at_ns", "timestamp[ns]", lambda i: 1767323045678901234),
    ("span", "month_day_nano_interval", lambda i: (1, 2, 3000000000)), ("u", "string", lambda i: "6b3f9cd2-47a4-4a9a-8b7e-6f3c2b8d0e11"),
    ("j", "string", lambda i: '{"a":1}'), ("n", "null|int32", lambda i: None), ("l", "list<l: string>", lambda i: ["a", None, "b"]),
    ("none", "list<l: int32>", lambda i: []), ("three", "fixed_size_list<l: int32>[3]", lambda i: [1, 2, 3]),
    ("st", "struct<a: int64, b: list<l: string>>", lambda i: {"a": i, "b": ["x"]}), ("mp", "map<string, int64>", lambda i: [("k", i), ("l", None)]),
    ("colour", "dictionary<values=string, indices=uint8, ordered=0>", lambda i: "red"), ("gaps", "string", lambda i: f"x{i}" if i % 3 else None),
    ("number_gaps", "int64", lambda i: i if i % 3 else None),
    ("deep", "list<l: struct<a: decimal128(3, 1)>>", lambda i: [{"a": decimal.Decimal("1.5") if i > 1 else None}]),
    ("list_gaps", "list<l: int64>", lambda i: [i] if i == 1 else None), ("struct_gaps", "struct<a: int64>", lambda i: {"a": i} if i > 1 else None),
    ("array_gaps", "fixed_size_list<l: int64>[2]", lambda i: [i, i] if i == 2 else None),
    ("map_gaps", "map<int64, string>", lambda i: [(i, "x")] if i < 2 else None),
    ("enum_gaps", "dictionary<values=string, indices=uint8, ordered=0>", lambda i: "blue" if i == 3 else None),
    ("bool_gaps", "bool", lambda i: i == 3 if i > 2 else None),
    ("colours", "list<l: dictionary<values=string, indices=uint8, ordered=0>>", lambda i: ["red" if i == 0 else None]),
]


def main():
    with tempfile.TemporaryDirectory() as folder:
        file = os.path.join(folder, "every_type.arrows")
        subprocess.run([sys.argv[1], "--gtest_filter=ArrowStream.IsWhatTheReaderWasShown"], env={**os.environ, "ANABRANCH_ARROW_FILE": file},
                       stdout=subprocess.DEVNULL, check=False)
        with open(file, "rb") as stream:
            table = pyarrow.ipc.open_stream(stream).read_all()
    table.validate(full=True)
    assert table.num_rows == 5, table.num_rows
    assert table.column_names == [name for name, _, _ in COLUMNS], table.column_names
    compared = 0
    for name, kind, value in COLUMNS:
        column = table.column(name)
        assert str(column.type) in kind.split("|"), f"{name}: {column.type}"
        values = column.cast(pyarrow.int64()).to_pylist() if name == "at_ns" else column.to_pylist()
        for i in range(table.num_rows):
            found = tuple(values[i]) if name == "span" else values[i]
            assert found == value(i), f"{name}[{i}]: {found!r}, not {value(i)!r}"
            compared += 1
    print(f"pyarrow {pyarrow.__version__} reads it: {len(COLUMNS)} columns, {compared} values equal")


if __name__ == "__main__":
    main()

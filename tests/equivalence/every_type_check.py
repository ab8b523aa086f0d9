#!/usr/bin/env python3
"""Reads what types_at_every_door_test.cc wrote (answers as CSV, Arrow and Parquet, the Delta tables of a view and a
stream) by pyarrow, delta-rs and Python's csv, and compares every value with the one that was meant.

    .deps/readers/bin/python tests/equivalence/every_type_check.py FOLDER      # the test runs this
"""
import base64
import csv
import datetime
import decimal
import json
import math
import pathlib
import re
import sys
import uuid

import pyarrow
import pyarrow.ipc
import pyarrow.parquet
from deltalake import DeltaTable

csv.field_size_limit(1 << 24)
decimal.getcontext().prec = 60


def months_days_ns(text):
    """Of an interval in ISO 8601, or in the engine's words."""
    if text.startswith("P"):
        date, _, time = text[1:].partition("T")
        part = {unit: decimal.Decimal(number) for number, unit in re.findall(r"(-?[\d.]+)([YMD])", date)}
        clock = {unit: decimal.Decimal(number) for number, unit in re.findall(r"(-?[\d.]+)([HMS])", time)}
        seconds = clock.get("H", 0) * 3600 + clock.get("M", 0) * 60 + clock.get("S", 0)
        return (int(part.get("Y", 0) * 12 + part.get("M", 0)), int(part.get("D", 0)), int(seconds * 10**9))
    part = {unit: int(number) for number, unit in re.findall(r"(-?\d+) (year|month|day)", text)}
    clock = re.search(r"(-?)(\d+):(\d+):([\d.]+)", text)
    seconds = 0
    if clock:
        seconds = int(clock[2]) * 3600 + int(clock[3]) * 60 + decimal.Decimal(clock[4])
        seconds = -seconds if clock[1] else seconds
    return (part.get("year", 0) * 12 + part.get("month", 0), part.get("day", 0), int(seconds * 10**9))


def moment(text):
    when = datetime.datetime.fromisoformat(text.replace("Z", "+00:00"))
    return when.astimezone(datetime.timezone.utc).replace(tzinfo=None) if when.tzinfo else when


def same(meant, read):
    """meant is a value of an answer as JSON with numbers as strings, floating ones as Decimal; read is Python's."""
    if meant is None or read is None:
        return meant is read
    if isinstance(read, bool) or isinstance(meant, bool):
        return meant is read
    if isinstance(read, float):
        value = float(meant)
        return value == read and math.copysign(1, value) == math.copysign(1, read)
    if isinstance(read, (int, decimal.Decimal)):
        return decimal.Decimal(meant) == decimal.Decimal(read)
    if isinstance(read, bytes):
        return base64.b64encode(read).decode() == meant
    if isinstance(read, datetime.datetime):
        return moment(meant) == moment(read.isoformat())
    if isinstance(read, datetime.date):
        return meant == read.isoformat()
    if isinstance(read, datetime.time):
        return datetime.time.fromisoformat(meant) == read
    if isinstance(read, pyarrow.MonthDayNano):
        return months_days_ns(meant) == tuple(read)
    if isinstance(read, uuid.UUID):
        return meant == str(read)
    if isinstance(read, dict):
        return isinstance(meant, dict) and meant.keys() == read.keys() and all(same(meant[k], read[k]) for k in meant)
    if isinstance(read, tuple):  # an entry of a map
        return len(meant) == 2 and same(meant[0], read[0]) and same(meant[1], read[1])
    if isinstance(read, list):
        return isinstance(meant, list) and len(meant) == len(read) and all(map(same, meant, read))
    if isinstance(meant, str) and re.fullmatch(r"P[-\dYMDTHS.]+", meant):
        return months_days_ns(meant) == months_days_ns(read)
    return meant == read


def compare(what, columns, meant, read):
    assert len(meant) == len(read), f"{what}: {len(read)} rows for {len(meant)}"
    for ours, theirs in zip(meant, read):
        for name, value in zip(columns, ours):
            assert same(value, theirs[name]), f"{what}, row {ours[0]}, {name}: {theirs[name]!r:.300} for {value!r:.300}"
    return f"{what} {len(meant) * len(columns)}"


def csv_text(value):
    """A value as our CSV has it, after unquoting."""
    if isinstance(value, str):
        return value
    if isinstance(value, bool):
        return "true" if value else "false"
    return raw(value)


def raw(value):
    """JSON with numbers as they were written."""
    if isinstance(value, dict):
        return "{" + ",".join(json.dumps(k, ensure_ascii=False) + ":" + raw(v) for k, v in value.items()) + "}"
    if isinstance(value, list):
        return "[" + ",".join(map(raw, value)) + "]"
    if isinstance(value, (int, decimal.Decimal)) and not isinstance(value, bool):
        return str(value)
    return json.dumps(value, ensure_ascii=False)


def check_csv(columns, types, meant, path):
    """Big numbers are strings in the JSON that we compare with, and numbers here."""
    with open(path, encoding="utf-8", newline="") as file:
        text = file.read()
    rows = list(csv.DictReader(text.splitlines(keepends=True)))
    assert len(rows) == len(meant)
    for ours, theirs in zip(meant, rows):
        for name, kind, value in zip(columns, types, ours):
            if isinstance(value, (list, dict)) and ("decimal" in kind or "hugeint" in kind):
                assert strings(json.loads(theirs[name], parse_float=decimal.Decimal)) == strings(value), (name, value, theirs[name])
            elif kind in ("real", "double") and value is not None:
                assert same(value, float(theirs[name])), (name, value, theirs[name])
            else:
                assert theirs[name] == ("" if value is None else csv_text(value)), (name, value, theirs[name])
    # NULL is nothing at all, the empty text a pair of quotes.
    empty = sum(value == "" for ours in meant for value in ours)
    assert len(re.findall(r'(?:^|,)""(?=,|\r\n)', text, re.M)) == empty
    return f"CSV {len(meant) * len(columns)}"


def strings(value):
    """Every number as text, so that 1.50 and "1.50" are the same."""
    if isinstance(value, dict):
        return {k: strings(v) for k, v in value.items()}
    if isinstance(value, list):
        return [strings(v) for v in value]
    if isinstance(value, (int, decimal.Decimal)) and not isinstance(value, bool):
        return str(value)
    return value


def by_id(table):
    return sorted(pyarrow.table(table).to_pylist(), key=lambda row: row["id"])


def main():
    if len(sys.argv) != 2:
        sys.exit(__doc__)
    for name in ("posted", "lines", "bulk"):
        folder = pathlib.Path(sys.argv[1]) / name
        expected = json.loads((folder / "expected.json").read_text(encoding="utf-8"))
        columns, types = expected["columns"], expected["types"]
        # -0 is a number with a sign.
        meant = json.loads(expected["rows"], parse_float=decimal.Decimal, parse_int=lambda text: decimal.Decimal(text) if text == "-0" else int(text))
        with open(folder / "answer.arrow", "rb") as file:
            done = [compare("Arrow", columns, meant, pyarrow.ipc.open_stream(file).read_all().to_pylist())]
        done.append(compare("Parquet", columns, meant, pyarrow.parquet.read_table(folder / "answer.parquet").to_pylist()))
        for table in ("gold", "bronze"):
            delta = DeltaTable(str((folder / table).resolve()))
            done.append(compare(f"Delta {table}", columns, meant, by_id(delta.to_pyarrow_table())))
        done.append(check_csv(columns, types, meant, folder / "answer.csv"))
        print(f"{name}: equal values: {', '.join(done)}")


if __name__ == "__main__":
    main()

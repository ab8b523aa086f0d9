#!/usr/bin/env python3
"""Reads a Delta table of ours with delta-rs and compares schema and rows with what we wrote; then writes to it, and
lets us read and replace that.

    .deps/readers/bin/python src/lake/delta_readers_check.py build/dev/src/lake_test      # script/test runs this; script/bootstrap installs the readers

The test DeltaReaders.FindATableWithEveryType writes the table and what a reader should find in it;
DeltaReaders.MayWriteTheTableToo goes on after delta-rs has appended.
"""
import base64
import datetime
import decimal
import json
import os
import subprocess
import sys
import tempfile

import pyarrow
from deltalake import DeltaTable, write_deltalake


def as_we_say(value, kind):
    """A value as pyarrow gives it, in the words of expected.json (docs/api.md); kind is the Delta type."""
    if value is None:
        return None
    if isinstance(kind, dict):
        if kind["type"] == "array":
            return [as_we_say(v, kind["elementType"]) for v in value]
        if kind["type"] == "map":
            return [[as_we_say(k, kind["keyType"]), as_we_say(v, kind["valueType"])] for k, v in value]
        return {f["name"]: as_we_say(value[f["name"]], f["type"]) for f in kind["fields"]}
    if kind == "timestamp":
        assert value.tzinfo is not None and value.utcoffset() == datetime.timedelta(0), value
        text = value.replace(tzinfo=None).isoformat()
        return (text.rstrip("0") if "." in text else text) + "Z"
    if kind == "date":
        return value.isoformat()
    if kind == "binary":
        return base64.b64encode(value).decode()
    return value


def same(ours, theirs, original):
    if ours is None or theirs is None:
        return ours is theirs
    if original == "JSON":  # text in the lake
        return json.loads(ours) == json.loads(theirs)
    if original == "INTERVAL":  # the engine's words in the lake, ISO 8601 in answers
        return theirs == "1 year 2 days" and ours == "P1Y2D"
    if original in ("TIMESTAMP", "STRUCT"):  # without a zone for us, UTC in the lake
        return ours == theirs.removesuffix("Z")
    if isinstance(theirs, dict):
        return all(same(ours[k], v, "TIMESTAMP" if k == "at" else "") for k, v in theirs.items())
    if isinstance(theirs, (list, tuple)):
        return len(ours) == len(theirs) and all(same(a, b, "") for a, b in zip(ours, theirs))
    if isinstance(theirs, (int, decimal.Decimal)) and not isinstance(theirs, bool):
        return decimal.Decimal(str(ours)) == theirs
    return ours == theirs


def check(folder):
    with open(os.path.join(folder, "expected.json"), encoding="utf-8") as file:
        expected = json.load(file)
    table = DeltaTable(os.path.join(folder, "lake/gold/every_type"))
    assert table.version() == expected["version"], table.version()
    protocol = table.protocol()
    assert (protocol.min_reader_version, protocol.min_writer_version) == (1, 2), protocol
    assert table.transaction_version("check") == 2
    schema = json.loads(table.schema().to_json())
    assert schema == expected["schema"], f"schema:\n{schema}\n{expected['schema']}"
    assert [h["operation"] for h in table.history()] == ["WRITE"] * 3, table.history()

    rows = pyarrow.table(table.to_pyarrow_table()).sort_by("id").to_pylist()
    assert len(rows) == expected["rows"], len(rows)
    fields = schema["fields"]
    compared = 0
    for row, ours in zip(rows, expected["values"]):
        assert list(row) == [f["name"] for f in fields], list(row)
        for field, our_value in zip(fields, ours):
            theirs = as_we_say(row[field["name"]], field["type"])
            original = field["metadata"].get("anabranch.type", "")
            assert same(our_value, theirs, original), f"{field['name']}: we say {our_value!r}, they say {theirs!r}"
            compared += 1
    old = DeltaTable(os.path.join(folder, "lake/gold/every_type"), version=0).to_pyarrow_table().to_pylist()
    assert old == [{"old": "x"}], old
    files = sum(1 for _ in table.file_uris())
    print(f"deltalake reads it: version {table.version()}, {files} files, {len(fields)} columns, {compared} values equal")


def run_test(program, name, folder, **more):
    subprocess.run([program, f"--gtest_filter=DeltaReaders.{name}", "--gtest_brief=1"], check=True,
                   env={**os.environ, "ANABRANCH_DELTA_CHECK": folder, **more})


def main():
    if len(sys.argv) != 2:
        sys.exit(__doc__)
    program = sys.argv[1]
    with tempfile.TemporaryDirectory() as folder:
        run_test(program, "FindATableWithEveryType", folder)
        check(folder)

        path = os.path.join(folder, "lake/gold/every_type")
        row = {"id": pyarrow.array([9], pyarrow.int32()), "added": ["theirs"]}
        write_deltalake(path, pyarrow.table(row), mode="append", schema_mode="merge")
        DeltaTable(path).create_checkpoint()
        run_test(program, "MayWriteTheTableToo", folder, ANABRANCH_DELTA_APPENDED="1")
        table = DeltaTable(path)
        assert table.version() == 17, table.version()
        ids = sorted(row["id"] for row in table.to_pyarrow_table().to_pylist())
        assert ids == [10, *range(40, 161, 10)], ids
        assert table.transaction_version("check") == 16
        log = sorted(os.listdir(os.path.join(path, "_delta_log")))
        assert "checkpoint" in log[0], log  # of ours: nothing before it is there
        print("deltalake appended, wrote a checkpoint, and reads what came after it from a checkpoint of ours")


if __name__ == "__main__":
    main()

#!/usr/bin/env python3
"""Reads Parquet files by pyarrow and writes what is in them as JSON, for tests to compare with.

    .deps/readers/bin/python tests/system/parquet_rows.py FILE…

A line for each file: {"file", "names", "rows"} or {"file", "error"}. Values that JSON has no word for are objects of one member
that says what they are: double, real, decimal, blob, ns (nanoseconds after 1970), days, struct, map.
"""

import base64
import json
import sys

import pyarrow
import pyarrow.parquet
from pyarrow import types

NANOSECONDS = {"s": 10**9, "ms": 10**6, "us": 10**3, "ns": 1}


def value_of(scalar):
    kind = scalar.type
    if not scalar.is_valid:
        return None
    if types.is_struct(kind):
        return {"struct": {field.name: value_of(scalar[index]) for index, field in enumerate(kind)}}
    if types.is_map(kind):
        return {"map": [[value_of(entry[0]), value_of(entry[1])] for entry in scalar.values]}
    if types.is_list(kind):
        return [value_of(item) for item in scalar.values]
    if types.is_timestamp(kind):
        return {"ns": scalar.value * NANOSECONDS[kind.unit]}  # Python's datetime ends with the year 9999 and at microseconds
    if types.is_date32(kind):
        return {"days": scalar.value}
    value = scalar.as_py()
    if types.is_floating(kind):
        return {"double" if kind == pyarrow.float64() else "real": repr(float(value))}
    if types.is_decimal(kind):
        return {"decimal": str(value)}
    if isinstance(value, bytes):
        return {"blob": base64.b64encode(value).decode()}
    if isinstance(value, (bool, int, str)):
        return value
    raise TypeError(f"a value of {kind}: {value!r}")


def read(path):
    try:
        table = pyarrow.parquet.ParquetFile(path, coerce_int96_timestamp_unit="us").read()
        table.validate(full=True)
    except Exception as error:  # whatever it is: it cannot be read
        return {"file": path, "error": str(error)}
    columns = [[value_of(scalar) for scalar in column] for column in table.columns]
    return {"file": path, "names": table.column_names, "rows": [list(row) for row in zip(*columns)]}


if __name__ == "__main__":
    for name in sys.argv[1:]:
        print(json.dumps(read(name)), flush=True)

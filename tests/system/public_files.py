"""Test files of other projects, for the tests that read them: where they are, and how what they hold is compared with answers."""

import base64
import decimal
import json
import math
import os
import pathlib
import re
import struct
import sys

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "scenarios"))
import program
from program import Case

FOLDER = pathlib.Path(os.environ.get("ANABRANCH_PUBLIC_FILES") or program.SOURCE.parent / "shared" / "data" / "public")


class PublicFilesCase(Case):
    """Skipped where the files are not: the project does not need them."""

    SUITE = ""  # the folder that the tests read

    def setUp(self):
        if not (FOLDER / self.SUITE).is_dir():
            self.skipTest(f"there is no folder {FOLDER / self.SUITE}: get the public test files, or say where they are in ANABRANCH_PUBLIC_FILES")
        super().setUp()
        self.public_project = self.project("public")
        self.public_project.write("anabranch.yml", "name: public\n")

    def serve(self):
        self.server = self.public_project.start()
        self.client = self.server.client()

    def ask(self, method, target, body=None, headers=None):
        """An answer that is never a mistake of the server's, from a server that goes on."""
        answer = self.client.request(method, target, body, headers)
        self.assertLess(answer.status, 500, f"{target}: {answer!r}\n{self.server.log[-2000:]}")
        self.assertTrue(self.server.is_running(), target)
        return answer

    def post(self, target, document):
        return self.ask("POST", target, json.dumps(document), {"Content-Type": "application/json"})

    def send(self, stream, body, content_type, **headers):
        return self.ask("POST", f"/v1/streams/{stream}/events", body, {"Content-Type": content_type, **headers})

    def ingest(self, stream, path, *options):
        """The command: its exit code, and what it says."""
        done = self.public_project.run("ingest", stream, str(path), *options, "--json")
        self.assertIn(done.returncode, (0, 1, 2), f"{path}: {done.stdout}{done.stderr}")
        answer = json.loads(done.stdout)
        self.assertNotRegex(str(answer.get("error", "")), "internal|ended by signal", f"{path}: {answer}")
        return done.returncode, answer

    def write_source(self, name, path, format, columns=None):
        more = {"columns": columns} if columns else {}
        table = {"path": str(path), "format": format, **more}
        self.public_project.write(f"sources/{name}.yml", json.dumps({"kind": "files", "tables": {name: table}}))  # JSON is YAML

    def write_stream(self, name, fields, on_drift, has_views=True):
        text = {"fields": [{"name": field, "type": type} for field, type in fields.items()], "on_drift": on_drift}
        self.public_project.write(f"streams/{name}.yml", json.dumps(text))
        if not has_views:
            return
        self.public_project.write(f"models/silver/{name}.sql", f"SELECT * FROM bronze.{name}\n")
        self.public_project.write(f"models/gold/{name}.sql", f"SELECT count(*) AS n FROM silver.{name}\n")

    def query(self, sql):
        """Columns (name to type) and rows, of all that was taken in; numbers keep all of their digits, and zero its sign."""
        answer = self.post("/v1/query", {"sql": sql, "min_offset": "latest"})
        self.assertEqual(answer.status, 200, f"{sql}: {answer!r}")
        document = json.loads(answer.body, parse_int=decimal.Decimal, parse_float=decimal.Decimal)
        return {column["name"]: column["type"] for column in document["columns"]}, document["rows"]

    def quarantined(self, stream):
        entries, after = [], ""
        while after is not None:
            page = self.ask("GET", f"/v1/quarantine?stream={stream}&limit=1000{after and '&after=' + after}").json
            entries += page["entries"]
            after = page["next"]
        self.assertEqual(page["total"], len(entries), stream)
        return entries

    def check_it_goes_on(self, read):
        """A build, verify and a restart, each of which must leave what `read` reads as it is; `read` compares it with the files."""
        before = self.ask("GET", "/v1/status").json["streams"]
        self.has_built = False
        read()
        answer = self.post("/v1/builds", {})
        self.assertEqual((answer.status, answer.json.get("warnings")), (200, []), answer)
        self.has_built = True
        self.check_verify(self.public_project)
        self.assertEqual(self.server.stop(), 0)
        self.serve()
        read()
        after = self.ask("GET", "/v1/status").json["streams"]
        for was, now in zip(before, after, strict=True):
            for what in ("name", "durable_offsets", "quarantined"):
                self.assertEqual(now[what], was[what], was["name"])
            self.assertEqual(self.query(f"SELECT count(*) FROM bronze.{now['name']}")[1], [now["durable_offsets"]])
        for view in self.public_project.folder.glob("models/gold/*.sql"):
            self.assertEqual(*(self.query(f"SELECT {what}.{view.stem}")[1] for what in ("n FROM gold", "count(*) FROM bronze")))
        self.assertEqual(self.ask("GET", "/v1/status").json["faults"], [])


def nanoseconds(text):
    """Of a moment in ISO 8601; years have as many digits as they need."""
    found = re.fullmatch(r"([+-]?\d+)-(\d\d)-(\d\d)[T ](\d\d):(\d\d):(\d\d)(?:\.(\d+))?(?:Z|\+00)?", text)
    if not found:
        raise AssertionError(f"no moment: {text}")
    year, month, day, hour, minute, second, fraction = found.groups()
    year, month = int(year), int(month)
    shifted = year - (month <= 2)  # years that begin in March
    day_of_year = (153 * (month + (-3 if month > 2 else 9)) + 2) // 5 + int(day) - 1
    days = 365 * shifted + shifted // 4 - shifted // 100 + shifted // 400 + day_of_year - 719468
    seconds = (days * 24 + int(hour)) * 3600 + int(minute) * 60 + int(second)
    return seconds * 10**9 + int((fraction or "0").ljust(9, "0"))


def same_number(meant, read, is_real):
    if not isinstance(read, (str, decimal.Decimal)):
        return False
    meant, read = float(meant), float(read)
    if math.isnan(meant) or math.isnan(read):
        return math.isnan(meant) and math.isnan(read)
    if is_real and not math.isinf(meant):  # the shortest number that is the same real
        read = struct.unpack("f", struct.pack("f", read))[0]
    return meant == read and math.copysign(1, meant) == math.copysign(1, read)


def escaped(data):
    """Bytes as the engine's JSON has them."""
    return "".join(chr(byte) if 32 <= byte < 127 and chr(byte) not in "\\'\"" else f"\\x{byte:02X}" for byte in data)


def same(meant, read, type=""):
    """Whether a value of an answer is one that parquet_rows.py has read; of a column of JSON its text is compared."""
    if type == "JSON" and isinstance(read, str):
        read = json.loads(read, parse_int=decimal.Decimal, parse_float=decimal.Decimal)
    if meant is None or read is None or isinstance(meant, bool) or isinstance(read, bool):
        return meant is read
    if isinstance(meant, list):
        return isinstance(read, list) and len(meant) == len(read) and all(map(same, meant, read))
    if not isinstance(meant, dict):
        return decimal.Decimal(meant) == read if isinstance(meant, int) else meant == read
    ((kind, value),) = meant.items()
    if kind in ("double", "real"):
        return same_number(value, read, kind == "real")
    if kind == "decimal":
        return isinstance(read, decimal.Decimal) and decimal.Decimal(value) == read
    if kind == "ns":
        return nanoseconds(read) == value
    if kind == "blob":
        return read in (value, escaped(base64.b64decode(value)))
    if kind == "struct":
        return isinstance(read, dict) and list(value) == list(read) and all(same(value[name], read[name]) for name in value)
    if kind == "map":
        if isinstance(read, dict):  # as JSON has it
            read = [[key, item] for key, item in read.items()]
            value = [[str(key), item] for key, item in value]
        return same(value, read)
    return value == read

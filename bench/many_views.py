"""Writes a project with hundreds of varied views: those of tests/corpus over the shop of tests/corpus/scenes.

    python bench/many_views.py FOLDER [--views 400]

Runs under a Python that has duckdb. Deterministic. Beside the project's files: events/<stream>.ndjson, in the order of arrival.
"""

import argparse
import pathlib
import re
import shutil

import duckdb

CORPUS = pathlib.Path(__file__).resolve().parent.parent / "tests/corpus"


def corpus_views():
    """(name, class, sql) of each view that is not refused, in turn from each file; a view comes after those that it reads."""
    files = []
    taken = set()
    for path in sorted(CORPUS.glob("*.sql")) + sorted((CORPUS / "constructs").glob("*.sql")):
        views = []
        for chunk in re.split(r"^-- name: ", path.read_text(), flags=re.M)[1:]:
            header, sql = chunk.split("\n", 1)
            if "refused" in header:
                continue
            name, view_class = re.match(r"(\S+) class: (\w+)", header).groups()
            views.append([name, view_class, sql.strip()])
        for view in views:
            if view[0] not in taken:
                continue
            new = f"{view[0]}_of_{path.stem}"
            for other in views:
                other[2] = re.sub(rf"\b{re.escape(view[0])}\b", new, other[2])
            view[0] = new
        taken.update(view[0] for view in views)
        files.append(views)
    turns = max(len(views) for views in files)
    return [views[turn] for turn in range(turns) for views in files if turn < len(views)]


def scene():
    """Plain DuckDB with the shop in it: the schemas stream and reference."""
    db = duckdb.connect(config={"threads": 1})
    db.execute("SET TimeZone = 'UTC'; CREATE SCHEMA stream; CREATE SCHEMA reference")
    text = "".join(line for line in (CORPUS / "scenes/shop.sql").read_text().splitlines(True) if not line.startswith("--"))
    for statement in re.split(r";$", text, flags=re.M):
        if statement.strip():
            db.execute(statement)
    return db


def write(folder, count, classes=None):
    """Writes the project with the first `count` views (of these classes); gives their names."""
    shutil.rmtree(folder, ignore_errors=True)
    for name in ("streams", "sources", "models/silver", "models/gold", "data", "events"):
        (folder / name).mkdir(parents=True)
    (folder / "anabranch.yml").write_text("name: many_views\nbuild:\n  auto_events: 100000000\n  ingest_limit_events: 200000000\n")
    db = scene()
    source = "kind: files\ntables:\n"
    tables = db.execute(
        "SELECT schema_name, table_name FROM duckdb_tables() WHERE schema_name IN ('stream', 'reference') ORDER BY ALL"
    ).fetchall()
    for schema, name in tables:
        if schema == "reference":
            source += f"  {name}: {{path: data/{name}.parquet}}\n"
            db.execute(f"COPY reference.{name} TO '{folder}/data/{name}.parquet' (FORMAT parquet)")
            continue
        fields = "fields:\n"
        zoned = ""
        for column, kind, *_ in db.execute(f"DESCRIBE SELECT * EXCLUDE (_n) FROM stream.{name}").fetchall():
            fields += f"  - {{name: {column}, type: '{kind}'}}\n"
            if kind == "TIMESTAMP WITH TIME ZONE":
                zoned = f"REPLACE (strftime({column} AT TIME ZONE 'UTC', '%Y-%m-%dT%H:%M:%S.%fZ') AS {column})"
        (folder / f"streams/{name}.yml").write_text(fields + "on_drift: freeze\n")
        rows = db.execute(
            f"SELECT to_json(e)::VARCHAR FROM (SELECT * EXCLUDE (_n) {zoned} FROM stream.{name} ORDER BY _n) AS e"
        ).fetchall()
        (folder / f"events/{name}.ndjson").write_text("".join(row[0] + "\n" for row in rows))
    (folder / "sources/reference.yml").write_text(source)
    chosen = {}
    for name, view_class, sql in corpus_views():
        if len(chosen) == count or (classes and view_class not in classes):
            continue
        reads = {found for found in re.findall(r"\b(?:silver|gold)\.\w+", sql)}
        if not reads <= set(chosen):
            continue
        chosen[name] = sql
        (folder / "models" / (name.replace(".", "/") + ".sql")).write_text(sql + "\n")
    if len(chosen) < count:
        raise SystemExit(f"there are {len(chosen)} such views only, not {count}")
    return list(chosen)


def names_in_order(folder):
    """The views of such a project, each after those that it reads."""
    written = {f"{path.parent.name}.{path.stem}" for path in (folder / "models").glob("*/*.sql")}
    return [name for name, _, _ in corpus_views() if name in written]


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder", type=pathlib.Path)
    parser.add_argument("--views", type=int, default=400)
    options = parser.parse_args()
    write(options.folder, options.views)

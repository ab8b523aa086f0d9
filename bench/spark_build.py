"""The peer of a build: PySpark writes the tables of the models as Parquet, from the same bronze files.

    spark_build.py PROJECT OUT RUNS

Runs under the Python of a venv with pyspark and sqlglot, which puts the models into Spark's dialect. The session is warm: one run
is made before those that count. Prints the seconds of each run as a JSON list.
"""

import json
import pathlib
import re
import sys
import time

import sqlglot
from pyspark.sql import SparkSession

TABLES = ("airlines", "airports", "planes", "weather")


def spark_sql(sql):
    # What sqlglot leaves as it is and Spark knows under another name.
    sql = re.sub(r"string_agg\(DISTINCT (\w+), ' ' ORDER BY \1\)", r"array_join(sort_array(collect_set(\1)), ' ')", sql)
    sql = re.sub(r"quantile_cont\((\w+), ([0-9.]+)\)", r"percentile(\1, \2)", sql)
    return sqlglot.transpile(sql, read="duckdb", write="spark")[0]


def main(project, out, runs):
    project, out = pathlib.Path(project), pathlib.Path(out)
    spark = (
        SparkSession.builder.master("local[2]")
        .config("spark.driver.memory", "8g")
        .config("spark.driver.host", "127.0.0.1")
        .config("spark.driver.bindAddress", "127.0.0.1")
        .config("spark.ui.enabled", "false")
        .config("spark.sql.session.timeZone", "UTC")
        .config("spark.sql.shuffle.partitions", "4")
        .config("spark.sql.ansi.enabled", "false")
        .config("spark.sql.warehouse.dir", str(out / "warehouse"))
        .getOrCreate()
    )
    spark.sparkContext.setLogLevel("ERROR")
    lake = project / ".anabranch/lake/bronze"
    spark.read.option("mergeSchema", "true").parquet(*sorted(str(f) for f in (lake / "flights").glob("*.parquet"))) \
        .createOrReplaceTempView("bronze_flights")
    for table in TABLES:
        newest = sorted((lake / table).glob("*.parquet"))[-1]
        spark.read.parquet(str(newest)).createOrReplaceTempView(f"bronze_{table}")
    models = {f"{p.parent.name}.{p.stem}": p.read_text() for p in (project / "models").glob("*/*.sql")}

    def build():
        began = time.monotonic()
        done = set()
        while len(done) < len(models):
            for name, sql in models.items():
                if name in done or any(other in sql and other not in done for other in models if other != name):
                    continue
                flat = re.sub(r"\b(bronze|silver|gold)\.(\w+)", r"\1_\2", spark_sql(sql))
                folder = str(out / name)
                spark.sql(flat).write.mode("overwrite").parquet(folder)
                spark.read.parquet(folder).createOrReplaceTempView(name.replace(".", "_"))
                done.add(name)
        return time.monotonic() - began

    build()
    print(json.dumps([build() for _ in range(runs)]))
    spark.stop()


main(sys.argv[1], sys.argv[2], int(sys.argv[3]))

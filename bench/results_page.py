"""bench/RESULTS.md, from what was measured."""

import re


def row(measure, goal, reached, met):
    return f"| {measure} | {goal} | {reached} | {met} |\n"


def met(is_met):
    return "yes" if is_met else "no"


def results_page(results):
    """RESULTS.md: what was measured last, against what was aimed at."""
    text = (
        "# Figures\n\nWritten by `script/bench`; [README.md](README.md) says how each is measured. Medians of "
        f"{results.get('runs', 3)} runs, release build, on: {results['machine']}.\n\n"
        "| measure | goal | reached | met |\n| --- | --- | --- | --- |\n"
    )
    if build := results.get("build"):
        spark = results.get("spark")
        against_spark = f"; PySpark 4.1 local[2], warm, {spark['spark_s']:.0f} s: {spark['spark_s'] / build['build_s']:.1f} times as long" if spark else ""
        text += row(f"build of {build['events']:,} events, from start to the last Delta commit, states included",
                    "≤ 1.3 × plain DuckDB",
                    f"{build['ratio']:.2f} × ({build['build_s']:.1f} s against {build['plain_duckdb_s']:.1f} s){against_spark}",
                    met(build["ratio"] <= 1.3))
    if replay := results.get("replay"):
        text += row("December through HTTP, durable, all views maintained", "≥ 200,000 events/s",
                    f"{replay['shown_per_s']:,.0f}/s shown in all views; {replay['acknowledged_per_s']:,.0f}/s acknowledged",
                    met(replay["shown_per_s"] >= 200_000))
    if fresh := results.get("freshness"):
        for rate, goal in (("20000", 30), ("100000", 50)):
            one = fresh[rate]
            text += row(f"freshness p99 at {int(rate):,} events/s", f"≤ {goal} ms",
                        f"{one['p99_ms']:.0f} ms (p50 {one['p50_ms']:.0f} ms)", met(one["p99_ms"] <= goal))
    if reads := results.get("reads"):
        for kind, goal, title in (("by_key", 5, "merged read by key"), ("full_view", 30, "merged read of a full view")):
            for sql, times in reads[kind].items():
                view = re.search(r"gold\.\w+", sql)[0]
                text += row(f"{title} at 100,000 events/s, p50: `{view}`", f"≤ {goal} ms",
                            f"{times['p50_ms']:.1f} ms (p99 {times['p99_ms']:.0f} ms)", met(times["p50_ms"] <= goal))
    if restart := results.get("restart"):
        text += row(f"restart to ready with {restart['unbuilt_events']:,} unbuilt events", "≤ 5 s", f"{restart['ready_s']:.1f} s",
                    met(restart["ready_s"] <= 5))
    if views := results.get("views"):
        text += row("start of 400 varied views, nothing to replay", "≤ 3 s", f"{views['start_s']:.1f} s", met(views["start_s"] <= 3))
        text += row("`anabranch check` of 400 varied views", "≤ 1 s", f"{views['check_s']:.2f} s", met(views["check_s"] <= 1))
        text += row("build of 200 small views, states, Parquet and Delta commits synced", "≤ 1.2 × plain DuckDB",
                    f"{views['ratio']:.2f} × ({views['build_s']:.1f} s against {views['plain_duckdb_s']:.1f} s)", met(views["ratio"] <= 1.2))
    if retention := results.get("retention"):
        for part, title in (("small", "200 builds over 800,000 events"), ("large", f"then 20 builds of bulk files, {retention['events']:,} events")):
            one = retention[part]
            text += row(f"start after {title}, against one build of the same events", "≤ 1.5 ×",
                        f"{one['start_s'] / one['fresh_start_s']:.2f} × ({one['start_s']:.2f} s against {one['fresh_start_s']:.2f} s)",
                        met(one["start_s"] <= 1.5 * one["fresh_start_s"]))
            text += row(f"disk after {title}, against the same", "≤ 1.3 ×",
                        f"{one['disk_mb'] / one['fresh_disk_mb']:.2f} × ({one['disk_mb']:,.0f} MB in {one['files']} files against {one['fresh_disk_mb']:,.0f} MB in {one['fresh_files']})",
                        met(one["disk_mb"] <= 1.3 * one["fresh_disk_mb"]))
        small = retention["small"]
        text += row("a build of nothing after 200 builds, against after one", "reported",
                    f"{small['build_of_nothing_s']:.2f} s against {small['fresh_build_of_nothing_s']:.2f} s; a read of all of bronze {small['bronze_read_ms']:.0f} ms against {small['fresh_bronze_read_ms']:.0f} ms", "")
    peaks = {}
    for name in ("build", "replay", "restart"):
        if name in results:
            peaks[name] = results[name]["server_peak_mb"]
    for rate in ("20000", "100000"):
        if "freshness" in results:
            peaks[f"{int(rate):,} events/s"] = results["freshness"][rate]["server_peak_mb"]
    if peaks:
        text += row("memory of server and engine, peaks added", "≤ 500 MB", ", ".join(f"{name} {mb:.0f} MB" for name, mb in peaks.items()),
                    met(max(peaks.values()) <= 500))
    if build:
        text += row("memory of the build's child, peak", "reported", f"{build['child_peak_mb']:,.0f} MB", "")
    return text

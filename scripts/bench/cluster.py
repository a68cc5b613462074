#!/usr/bin/env python3
"""Times radio_cluster's neighbours against DuckDB's same join and top k, on made-up plays, in turns on the same machine.

    python3 scripts/bench/cluster.py [--plays 1,10] [--runs N] [--threads N] [--memory 4GB] [--sail] [--json FILE]

Item-item cosine with k = 20 of 1 and of 10 million rows of Parquet, with `--plays 100` of 100 million; they are made by
crates/radio_cluster/examples/make_plays, the same each time. Each side is a process of its own that numbers the items, adds the rows
of a user and an item up, finds of each item the 20 with the highest cosine, and writes them by name, sorted, as Parquet. DuckDB joins
the plays with themselves on the user and adds the products up by the pair; ours does that too where plays by user do not fit in half of
the memory, and otherwise holds them. DuckDB's query is the fastest that was found: an item's best by `arg_max` with a count, not by a
window. The sides take turns, and medians are printed with their ratio (ours / DuckDB's). The processor's seconds and the peak memory are those
that the system counts for the process, its start included; other work on the machine disturbs them least.

With --sail, a third side is Sail, which runs Spark's SQL on DataFusion: a server in the process, and the same joins. It has no bound on
its memory, and an item's best are those of a window.

Afterwards the scores of each item are compared place by place, and the neighbours above the last score, which others may share.

The first call makes a virtual environment in target/bench-cluster (PyPI), and compiles radio_cluster, which takes long.
"""

import argparse
import json
import os
import shutil
import statistics
import sys
import tempfile
import time
from pathlib import Path

from peers import ROOT, call, environment, figures

WORK = ROOT / "target" / "bench-cluster"
REQUIREMENTS = Path(__file__).resolve().parent / "cluster-requirements.txt"
SAIL_REQUIREMENTS = Path(__file__).resolve().parent / "cluster-sail-requirements.txt"
CRATE = ROOT / "crates" / "radio_cluster"
K = 20
FIGURES = [("wall", "wall s"), ("cpu", "CPU s"), ("memory", "peak MB")]

# The scripts that run in the virtual environment.

NEIGHBOURS = """
import sys
import duckdb

plays, threads, memory, k, scratch, out = sys.argv[1:]
settings = {"threads": int(threads), "temp_directory": scratch, "preserve_insertion_order": False}
if memory:
    settings["memory_limit"] = memory
connection = duckdb.connect(config=settings)
connection.execute(f\"\"\"
create temp table items as
    select row_number() over (order by name) - 1 as id, name from (select distinct item as name from '{plays}/*.parquet');
create temp table plays as
    select user, items.id::uinteger as item, sum(plays)::double as value
    from '{plays}/*.parquet' as row join items on row.item = items.name group by all;
create temp table norms as select item, sqrt(sum(value * value)) as norm from plays group by item;
create temp table pairs as
    select a.item as a, b.item as b, sum(a.value * b.value) as common
    from plays as a join plays as b on a.user = b.user and a.item < b.item group by all;
create temp table scores as
    select a, b, common / (norm_a.norm * norm_b.norm) as similarity
    from pairs join norms as norm_a on a = norm_a.item join norms as norm_b on b = norm_b.item;
create temp table best as
    select item, unnest(arg_max(neighbour, similarity, {k})) as neighbour, unnest(max(similarity, {k})) as similarity
    from (select a as item, b as neighbour, similarity from scores union all select b, a, similarity from scores) group by item;
copy (
    select item.name as item, neighbour.name as neighbour, similarity
    from best join items as item on best.item = item.id join items as neighbour on best.neighbour = neighbour.id
    order by item.name, similarity desc
) to '{out}' (format parquet);
\"\"\")
"""

SAIL = """
import sys
from pysail.spark import SparkConnectServer
from pyspark.sql import SparkSession

plays, k, out = sys.argv[1:]
server = SparkConnectServer()
server.start()
_, port = server.listening_address
spark = SparkSession.builder.remote(f"sc://localhost:{port}").getOrCreate()
spark.read.parquet(plays).createOrReplaceTempView("rows")
best = spark.sql(f\"\"\"
with plays as (select user, item, cast(sum(plays) as double) as value from rows group by user, item),
    norms as (select item, sqrt(sum(value * value)) as norm from plays group by item),
    pairs as (
        select a.item as a, b.item as b, sum(a.value * b.value) as common
        from plays as a join plays as b on a.user = b.user and a.item < b.item group by a.item, b.item
    ),
    scores as (
        select a, b, common / (norm_a.norm * norm_b.norm) as similarity
        from pairs join norms as norm_a on a = norm_a.item join norms as norm_b on b = norm_b.item
    ),
    both as (select a as item, b as neighbour, similarity from scores union all select b, a, similarity from scores),
    ranked as (select *, row_number() over (partition by item order by similarity desc) as place from both)
select item, neighbour, similarity from ranked where place <= {k} order by item, similarity desc
\"\"\")
best.write.mode("overwrite").parquet(out)
"""

COMPARE = """
import sys
import duckdb

ours, theirs, k = sys.argv[1:]
connection = duckdb.connect()
for name, path in [("ours", ours), ("theirs", theirs)]:
    connection.execute(f\"\"\"
    create temp table {name} as
        select item, neighbour, similarity, row_number() over (partition by item order by similarity desc) as place,
            min(similarity) over (partition by item) as last, count() over (partition by item) as places
        from '{path}'
    \"\"\")
print("rows", *connection.execute("select count(*) from ours").fetchone(), sep="=")
wrong = connection.execute(\"\"\"
select count(*) from ours full join theirs using (item, place)
    where ours.similarity is null or theirs.similarity is null or abs(ours.similarity - theirs.similarity) > 1e-9
\"\"\").fetchone()
print("scores", *wrong, sep="=")
# Where a list is full, its last score may be that of others too, and who of these is in it is the side's own choice.
above = "(select item, neighbour from {} where places < {} or similarity > last + 2e-9)"
missing = 0
for one, other in [("ours", "theirs"), ("theirs", "ours")]:
    (lacking,) = connection.execute(
        f"select count(*) from {above.format(one, k)} anti join {other} using (item, neighbour)"
    ).fetchone()
    missing += lacking
print("neighbours", missing, sep="=")
"""


def programs():
    """radio_cluster and make_plays, compiled."""
    manifest = CRATE / "Cargo.toml"
    call(["cargo", "build", "--release", "--locked", "--quiet", "--manifest-path", manifest, "--bins", "--examples"])
    release = Path(os.environ.get("CARGO_TARGET_DIR", CRATE / "target")).absolute() / "release"
    ending = ".exe" if os.name == "nt" else ""
    return release / f"radio_cluster{ending}", release / "examples" / f"make_plays{ending}"


def made(make_plays, millions):
    """The folder of so many million plays."""
    folder = WORK / f"plays-{millions}"
    if not folder.exists():
        partial = WORK / f"plays-{millions}.partial"
        shutil.rmtree(partial, ignore_errors=True)
        call([make_plays, millions, partial])
        partial.rename(folder)
    return folder


class Failed(Exception):
    """What a side said last that did not come to its end: a disk may be full, say."""


def measured(command):
    """Runs a command, and says what it took."""
    command = [str(part) for part in command]
    with tempfile.TemporaryFile() as printed:
        began = time.perf_counter()
        quiet = [(os.POSIX_SPAWN_DUP2, printed.fileno(), 1), (os.POSIX_SPAWN_DUP2, printed.fileno(), 2)]
        child = os.posix_spawn(command[0], command, os.environ, file_actions=quiet)
        _, status, usage = os.wait4(child, 0)
        wall = time.perf_counter() - began
        if status != 0:
            printed.seek(0)
            lines = printed.read().decode(errors="replace").strip().splitlines()
            raise Failed(lines[-1] if lines else f"it ended with status {status}")
    # Kilobytes, but bytes on macOS.
    memory = usage.ru_maxrss / (1e6 if sys.platform == "darwin" else 1e3)
    return {"wall": wall, "cpu": usage.ru_utime + usage.ru_stime, "memory": memory}


def compare(arguments, python, sail, radio_cluster, plays):
    """All sides' figures, run by run, and what of the others' results differs from ours."""
    with tempfile.TemporaryDirectory(dir=WORK) as scratch:
        scratch = Path(scratch)
        ours, theirs, of_sail = scratch / "ours", scratch / "theirs.parquet", scratch / "sail"
        memory = arguments.memory
        commands = {
            "ours": [radio_cluster, "neighbours", plays, "-k", K, "--threads", arguments.threads, "--scratch", scratch, "--output", ours]
            + (["--memory", memory] if memory else []),
            "DuckDB": [python, "-c", NEIGHBOURS, plays, arguments.threads, memory or "", K, scratch / "spilled", theirs],
        }
        results = {"DuckDB": theirs}
        if sail:
            # pyspark looks for the file that is run.
            script = scratch / "sail.py"
            script.write_text(SAIL)
            commands["Sail"] = [sail, script, plays, K, of_sail]
            results["Sail"] = of_sail / "*.parquet"
        runs, failed = {side: [] for side in commands}, {}
        for _ in range(arguments.runs):
            for side, command in commands.items():
                if side == "ours":
                    shutil.rmtree(ours, ignore_errors=True)
                elif side == "DuckDB":
                    theirs.unlink(missing_ok=True)
                try:
                    runs[side].append(measured(command))
                except Failed as why:
                    failed[side] = str(why)
        if failed:
            return runs, {"failed": failed}
        found = {side: figures(call([python, "-c", COMPARE, ours / "neighbours.parquet", path, K])) for side, path in results.items()}
    return runs, found


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--plays", default="1,10", metavar="LIST", help="how many million plays (%(default)s)")
    parser.add_argument("--runs", type=int, default=3, metavar="N", help="how often each is measured (%(default)s)")
    parser.add_argument("--threads", type=int, default=os.cpu_count(), metavar="N", help="threads of both sides (all)")
    parser.add_argument("--memory", metavar="BYTES", help="what both sides may take before they spill, such as 4GB (all there is)")
    parser.add_argument("--sail", action="store_true", help="measure Sail too; a download of 300 MB")
    parser.add_argument("--json", type=Path, metavar="FILE", help="write all measurements to FILE")
    arguments = parser.parse_args()
    if arguments.runs < 1 or arguments.threads < 1:
        parser.error("--runs and --threads must be at least 1")
    if not hasattr(os, "wait4"):
        sys.exit("error: what a process took is not counted on this system; use Linux or macOS")
    WORK.mkdir(parents=True, exist_ok=True)
    python = environment(WORK, REQUIREMENTS)
    sail = environment(WORK / "sail", SAIL_REQUIREMENTS) if arguments.sail else None
    radio_cluster, make_plays = programs()
    bound = f"at most {arguments.memory}" if arguments.memory else "memory without a bound"
    print(f"cosine, k = {K}, {arguments.threads} threads, {bound}, medians of {arguments.runs} in turns\n")
    print("| plays | | " + " | ".join(title for _, title in FIGURES) + " |\n|---|---|" + "---|" * len(FIGURES))
    everything, wrong = {}, []
    for millions in [int(part) for part in arguments.plays.split(",")]:
        runs, differs = compare(arguments, python, sail, radio_cluster, made(make_plays, millions))
        everything[millions] = {"runs": runs, "differs": differs}
        ended = {side: many for side, many in runs.items() if many}
        medians = {side: {name: statistics.median(run[name] for run in many) for name, _ in FIGURES} for side, many in ended.items()}
        for side, median in medians.items():
            cells = [f"{median[name]:.0f}" if median[name] >= 100 else f"{median[name]:.1f}" for name, _ in FIGURES]
            print(f"| {millions} M | {side} | " + " | ".join(cells) + " |")
        if "failed" in differs:
            for side, why in differs["failed"].items():
                print(f"| {millions} M | {side} | {why} |", flush=True)
                wrong.append(f"{side} did not do {millions} M plays")
            continue
        for side, found in differs.items():
            ratios = [medians["ours"][name] / medians[side][name] for name, _ in FIGURES]
            print(f"| {millions} M | ours / {side} | " + " | ".join(f"{ratio:.2f}" for ratio in ratios) + " |", flush=True)
            if found["rows"] == 0:
                wrong.append(f"{millions} M plays have no neighbours")
            if found["scores"] or found["neighbours"]:
                what = f"{found['scores']:.0f} scores and {found['neighbours']:.0f} neighbours"
                wrong.append(f"of {millions} M plays {what} differ from {side}'s")
    if arguments.json:
        arguments.json.write_text(json.dumps(everything, indent=1) + "\n")
    if wrong:
        sys.exit("error: " + "; ".join(wrong))
    print("\nthe neighbours are the same")


if __name__ == "__main__":
    try:
        main()
    except KeyboardInterrupt:
        sys.exit(130)

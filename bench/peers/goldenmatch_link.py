"""Link a CSV of people with GoldenMatch as its documentation begins: the file and nothing else.

Usage: goldenmatch_link.py RECORDS.csv                            prints the settings, and what the table calls them
       goldenmatch_link.py RECORDS.csv SETTINGS CLUSTERS.csv

What it remembers of earlier runs is off, so that a run depends on its file alone. Columns without any value are left out,
because it fails on them.
"""
import os
import sys
import tempfile

os.environ["GOLDENMATCH_AUTOCONFIG_MEMORY"] = "0"

import goldenmatch
import people
import pyarrow.compute
from pyarrow import csv


def main(path, chosen=None, clusters=None):
    if chosen is None:
        print("default\tGoldenMatch, no configuration")
        return
    with open(path, encoding="utf-8-sig") as file:
        names = file.readline().rstrip("\r\n").split(",")
    table = csv.read_csv(path, convert_options=csv.ConvertOptions(column_types=dict.fromkeys(names, pyarrow.string())))
    with tempfile.NamedTemporaryFile(suffix=".csv") as given:
        csv.write_csv(table.select([n for n in names if pyarrow.compute.any(pyarrow.compute.not_equal(table[n], "")).as_py()]), given.name)
        found = goldenmatch.dedupe(given.name).clusters.values()
    ids = table[0].to_pylist()
    people.write_clusters(clusters, ids, ([ids[i] for i in cluster["members"]] for cluster in found))


if __name__ == "__main__":
    main(*sys.argv[1:])

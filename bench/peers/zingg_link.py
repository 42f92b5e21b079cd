"""Link a CSV of people with Zingg, trained with labelled pairs of the truth.

Usage: zingg_link.py RECORDS.csv                                  prints the settings, and what the table calls them
       zingg_link.py RECORDS.csv SETTINGS CLUSTERS.csv LABELS.csv

The settings are those of its febrl example on the columns that are there, every one compared as FUZZY, with four
partitions, and it tells its makers nothing; Spark is set by the zingg.conf of the package and runs on this machine alone. The
labelled pairs are given as training samples, so that it asks no questions. Its documentation asks for 30 to 40 pairs that
are one; it gets more.
"""
import csv
import json
import pathlib
import subprocess
import sys
import tempfile

import people

LOGS = "rootLogger.level = error\nrootLogger.appenderRef.stderr.ref = stderr\nappender.stderr.type = Console\n" \
       "appender.stderr.name = stderr\nappender.stderr.target = SYSTEM_ERR\nappender.stderr.layout.type = PatternLayout\n"


def main(path, chosen=None, clusters=None, labels_path=None):
    if chosen is None:
        print("febrl\tZingg, febrl example settings")
        return
    records, unique_id, told = people.read(path)
    with tempfile.TemporaryDirectory(dir=pathlib.Path(clusters).parent) as name:
        folder = pathlib.Path(name).absolute()
        write_csv(folder / "people.csv", ["person", *told], ([key, *(r[n] for n in told)] for key, r in records.items()))
        write_csv(folder / "training.csv", ["z_cluster", "z_ismatch", *told], training(records, told, people.labels(labels_path)))
        (folder / "log4j2.properties").write_text(LOGS)
        (folder / "config.json").write_text(json.dumps(config(folder, told)))
        run(folder)
        found = {}
        for part in sorted((folder / "out").glob("*.csv")):
            for row in people.rows(part):
                found.setdefault(row["z_cluster"], []).append(row["person"])
        if not found:
            sys.exit("zingg_link.py: no outcome")
        people.write_clusters(clusters, records, found.values())


def config(folder, told):
    """The file of the febrl example, febrl/configWithTrainingSamples.json, with these columns and places."""
    def pipe(name, columns, **more):
        place = {"location": str(folder / name), "delimiter": ",", "header": True}
        return [{"name": name.partition(".")[0], "format": "csv", "props": place, **({"schema": columns} if columns else {}), **more}]

    columns = ", ".join(f"{name} string" for name in told)
    return {
        "trainingSamples": pipe("training.csv", f"z_cluster string, z_ismatch integer, {columns}"),
        "fieldDefinition": [
            {"fieldName": "person", "matchType": "dont_use", "fields": "person", "dataType": "string"},
            *({"fieldName": n, "matchType": "fuzzy", "fields": n, "dataType": "string"} for n in told),
        ],
        "output": pipe("out", None),
        "data": pipe("people.csv", f"person string, {columns}"),
        "collectMetrics": False, "labelDataSampleSize": 0.5, "numPartitions": 4, "modelId": 1, "zinggDir": str(folder / "models"),
    }


def training(records, told, labelled):
    for i, (a, b, same) in enumerate(labelled):
        for key in (a, b):
            yield [i, int(same), *(records[key][n] for n in told)]


def write_csv(path, header, lines):
    with open(path, "w", newline="", encoding="utf-8") as file:
        out = csv.writer(file)
        out.writerow(header)
        out.writerows(lines)


def run(folder):
    site = next(pathlib.Path(sys.prefix).glob("lib/python*/site-packages"))
    jar = next((site / "zingg" / "jars").glob("zingg-*[0-9].jar"))
    subprocess.run([
        site / "pyspark/bin/spark-submit", "--master", "local[*]", "--properties-file", site / "zingg/config/zingg.conf",
        "--conf", "spark.ui.enabled=false", "--conf", "spark.driver.host=127.0.0.1", "--conf", "spark.driver.bindAddress=127.0.0.1",
        "--driver-java-options", f"-Dlog4j2.configurationFile=file:{folder / 'log4j2.properties'}",
        "--driver-class-path", jar, "--class", "zingg.spark.client.SparkClient", jar,
        "--phase", "trainMatch", "--conf", folder / "config.json", "--email", "none", "--license", "none",
    ], cwd=folder, check=True, stdout=sys.stderr)


if __name__ == "__main__":
    main(*sys.argv[1:])

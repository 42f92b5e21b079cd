"""Reading files of people for the tools that have to be told what the columns are."""
import csv

IDS = ("record_id", "rec_id", "unique_id", "id")
SAYS_NOTHING = ("source",)


def rows(path):
    with open(path, newline="", encoding="utf-8-sig") as file:
        yield from csv.DictReader(file)


def read(path):
    """The records by id, and the names of the columns that hold any value of a person."""
    records = list(rows(path))
    names = list(records[0])
    unique_id = next(n for n in IDS if n in names)
    told = [n for n in names if n != unique_id and n not in SAYS_NOTHING and any(r[n] for r in records)]
    return {r[unique_id]: r for r in records}, unique_id, told


def labels(path):
    """The labelled pairs that labels.py wrote: two ids, and whether they are one person."""
    return [(r["left"], r["right"], r["same"] == "1") for r in rows(path)]


def write_clusters(path, ids, clusters):
    """Writes record_id,cluster_id; who is in no cluster is alone."""
    of = {record: cluster[0] for cluster in clusters for record in cluster}
    with open(path, "w", encoding="utf-8") as out:
        out.write("record_id,cluster_id\n")
        out.writelines(f"{record},{of.get(record, record)}\n" for record in ids)

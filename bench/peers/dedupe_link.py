"""Link a CSV of people with dedupe, trained with labelled pairs of the truth.

Usage: dedupe_link.py RECORDS.csv                                 prints the settings, and what the table calls them
       dedupe_link.py RECORDS.csv SETTINGS CLUSTERS.csv LABELS.csv

The settings are those of its csv_example on columns of the same meaning: postal codes are compared whole, everything else as
text; values are cleaned as there; clusters at 0.5. States and sex are left out: for training it writes down all pairs of
5 000 records that agree in a column. Its console asks for ten pairs that are one thing and ten that are not; it gets more here.
It draws without a seed at two places, so that two runs may differ.
"""
import io
import json
import random
import re
import sys

import dedupe
import numpy
from dedupe import variables
from unidecode import unidecode

import people

WHOLE = ("postcode",)
FEW_VALUES = ("state", "sex")


def main(path, chosen=None, clusters=None, labels_path=None):
    if chosen is None:
        print("csv_example\tdedupe, csv_example settings")
        return
    random.seed(1)
    numpy.random.seed(1)
    records, _, told = people.read(path)
    told = [name for name in told if name not in FEW_VALUES]
    data = {key: {name: clean(record[name]) for name in told} for key, record in records.items()}
    fields = []
    for name in told:
        variable = variables.Exact if name in WHOLE else variables.String
        fields.append(variable(name, has_missing=any(record[name] is None for record in data.values())))
    deduper = dedupe.Dedupe(fields)
    deduper.prepare_training(data, training_file=training(data, people.labels(labels_path)))
    deduper.train()
    deduper.cleanup_training()
    people.write_clusters(clusters, data, (list(members) for members, _ in deduper.partition(data, 0.5)))


def clean(value):
    value = re.sub(" +", " ", unidecode(value).replace("\n", " "))
    return value.strip().strip("\"'").lower().strip() or None


def training(data, labelled):
    """The labelled pairs in the form of the file that dedupe keeps its training in."""
    pairs = {"match": [], "distinct": []}
    for a, b, same in labelled:
        pairs["match" if same else "distinct"].append({"__class__": "tuple", "__value__": [data[a], data[b]]})
    return io.StringIO(json.dumps(pairs))


if __name__ == "__main__":
    main(*sys.argv[1:])

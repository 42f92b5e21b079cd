"""Draw labelled pairs from the truth for the tools that learn from labels. Half are one person. Of the others, half have a
value in common, as somebody labels who is asked about pairs that are alike: namesakes, people of one home.

Usage: labels.py RECORDS.csv TRUTH.csv COUNT LABELS.csv     writes left,right,same; the seed is fixed
"""
import random
import sys
from collections import defaultdict

import people


def main(records_path, truth_path, count, labels_path):
    draw = random.Random(1)
    records, _, told = people.read(records_path)
    person = {row[0]: row[1] for row in (list(r.values()) for r in people.rows(truth_path))}
    ids = sorted(records)
    mine, having = defaultdict(list), defaultdict(list)
    for record in ids:
        mine[person[record]].append(record)
        for name in told:
            if records[record][name]:
                having[name, records[record][name]].append(record)
    several = [m for _, m in sorted(mine.items()) if len(m) > 1]
    shared = [group for _, group in sorted(having.items()) if len(group) > 1]
    half = int(count) // 2
    same = [draw.sample(m, 2) for m in draw.sample(several, min(half, len(several)))]
    other = pairs(draw, person, half // 2, lambda: draw.sample(draw.choice(shared), 2))
    other += pairs(draw, person, half - half // 2, lambda: draw.sample(ids, 2))
    with open(labels_path, "w", encoding="utf-8") as out:
        out.write("left,right,same\n")
        out.writelines(f"{a},{b},1\n" for a, b in same)
        out.writelines(f"{a},{b},0\n" for a, b in other)


def pairs(draw, person, count, one):
    found = []
    while len(found) < count:
        a, b = one()
        if person[a] != person[b]:
            found.append((a, b))
    return found


if __name__ == "__main__":
    main(*sys.argv[1:])

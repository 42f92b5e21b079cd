"""Cluster scored pairs at the threshold that the truth likes best. No tool could know it: it bounds what tuning can give.

Usage: best_threshold.py TRUTH.csv EDGES.csv CLUSTERS.csv     prints the threshold as a match weight
"""
import csv
import sys
from collections import Counter


def rows(path):
    with open(path, newline="", encoding="utf-8-sig") as file:
        reader = csv.reader(file)
        next(reader)
        yield from reader


def main(truth_path, edges_path, clusters_path):
    truth = {row[0]: row[1] for row in rows(truth_path)}
    edges = sorted(((float(w), a, b) for a, b, w in rows(edges_path)), reverse=True)
    wanted = sum(n * (n - 1) // 2 for n in Counter(truth.values()).values())
    weight, joins = best(truth, edges, wanted)
    forest = Forest(truth)
    for _, a, b in edges[:joins]:
        forest.join(a, b)
    with open(clusters_path, "w", encoding="utf-8") as out:
        out.write("record_id,cluster_id\n")
        for record in truth:
            out.write(f"{record},{forest.root(record)}\n")
    print(f"{weight:.1f}")


class Forest:
    """Union-find that counts the pairs it made and how many of them are right."""

    def __init__(self, truth):
        self.parent = {record: record for record in truth}
        self.people = {record: {person: 1} for record, person in truth.items()}
        self.size = dict.fromkeys(truth, 1)
        self.made = self.right = 0

    def root(self, a):
        while self.parent[a] != a:
            self.parent[a] = self.parent[self.parent[a]]
            a = self.parent[a]
        return a

    def join(self, a, b):
        a, b = self.root(a), self.root(b)
        if a == b:
            return
        if self.size[a] < self.size[b]:
            a, b = b, a
        self.made += self.size[a] * self.size[b]
        mine = self.people[a]
        for person, n in self.people.pop(b).items():
            self.right += n * mine.get(person, 0)
            mine[person] = mine.get(person, 0) + n
        self.size[a] += self.size[b]
        self.parent[b] = a


def best(truth, edges, wanted):
    """The weight, and the number of edges at or above it, with the highest pairwise F1."""
    forest, top = Forest(truth), (0.0, float("inf"), 0)
    for i, (weight, a, b) in enumerate(edges, 1):
        forest.join(a, b)
        if i < len(edges) and edges[i][0] == weight:
            continue
        f1 = 2 * forest.right / (forest.made + wanted)
        if f1 > top[0]:
            top = (f1, weight, i)
    return top[1:]


if __name__ == "__main__":
    main(*sys.argv[1:])

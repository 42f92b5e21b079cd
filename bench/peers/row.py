"""Print a line of the table of run.sh.

Usage: row.py TOOL VERSION FILE SCORE.json MEASURED     what measure.py wrote, or an empty file
"""
import json
import sys


def main(tool, version, file, score_path, measured_path):
    with open(score_path, encoding="utf-8") as source:
        score = json.load(source)["result"]
    with open(measured_path, encoding="utf-8") as source:
        measured = source.read().split()
    pairs = score["pairwise"]
    cells = [tool, version, file, *(f"{x:.4f}" for x in (pairs["precision"], pairs["recall"], pairs["f1"], score["bcubed_f1"],
                                                         score["exactly_right_share"]))]
    if measured:
        wall, user, system, mib = map(float, measured)
        cells += [f"{wall:.1f}", f"{user + system:.1f}", f"{mib:.0f}"]
    else:
        cells += ["", "", ""]
    print("| " + " | ".join(cells) + " |")


if __name__ == "__main__":
    main(*sys.argv[1:])

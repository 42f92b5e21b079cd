#!/bin/bash
# uoma resolve on generated files of people with known truth: time, memory, and how well. Prints a Markdown table.
#   bench/resolve.sh [RECORDS]...      default 100000 1000000; each with identifiers on 0.7 of the records, and with none
# Everything that is written stays in build/resolve. Where others use the processors, compare processor time only.
set -euo pipefail
cd "$(dirname "$0")/.."

[ -x /usr/bin/time ] || { echo "GNU time is needed: apt-get install time" >&2; exit 1; }
uoma=${UOMA:-bin/uoma}
[ -x "$uoma" ] || { echo "$uoma is missing: make build" >&2; exit 1; }
out=build/resolve
mkdir -p "$out"
[ $# -gt 0 ] || set -- 100000 1000000

echo '| records | identifiers | precision | recall | F1 | B-cubed F1 | exactly right | pairs compared | wall s | CPU s | peak MiB |'
echo '| ---: | ---: | ---: | ---: | ---: | ---: | ---: | ---: | ---: | ---: | ---: |'
for records in "$@"; do
	for identifiers in 0.7 0; do
		file=$out/$records-$identifiers
		"$uoma" generate --record-count "$records" --seed 7 --identifiers "$identifiers" --records "$file.csv" -q >/dev/null
		/usr/bin/time -o "$out/time" -f '%e %U %S %M' "$uoma" resolve "$file.csv" --out "$file.clusters.csv" --json -q >"$out/report.json"
		"$uoma" evaluate --truth "$file.truth.csv" --clusters "$file.clusters.csv" --json >"$out/score.json"
		python3 - "$records" "$identifiers" "$out" <<-'PYTHON'
			import json, sys
			records, identifiers, out = sys.argv[1:]
			score = json.load(open(out + "/score.json"))["result"]
			report = json.load(open(out + "/report.json"))["result"]
			wall, user, system, kib = map(float, open(out + "/time").read().split())
			pairs = score["pairwise"]
			print("| %d | %s | %.4f | %.4f | %.4f | %.4f | %.2f %% | %.1f million | %.1f | %.1f | %.0f |" % (
			    int(records), identifiers, pairs["precision"], pairs["recall"], pairs["f1"], score["bcubed_f1"],
			    100 * score["exactly_right_share"], report["pairs_compared"] / 1e6, wall, user + system, kib / 1024))
		PYTHON
	done
done

#!/bin/bash
# Link the same files of people with Splink and with Uoma and print a Markdown table of how well and how fast.
#   bench/peers/run.sh [RECORDS.csv TRUTH.csv]...
# RECORDS.csv has an id in its first column, TRUTH.csv that id and a cluster. Without arguments, two synthetic files of
# 100 000 records are made: with identity codes and other numbers, and without. The first run installs Splink from PyPI
# into build/peers; everything that is written stays there.
set -euo pipefail
cd "$(dirname "$0")/../.."

[ -x /usr/bin/time ] || { echo "GNU time is needed: apt-get install time" >&2; exit 1; }
[ $(($# % 2)) = 0 ] || { echo "usage: bench/peers/run.sh [RECORDS.csv TRUTH.csv]..." >&2; exit 2; }
uoma=${UOMA:-bin/uoma}
[ -x "$uoma" ] || { echo "$uoma is missing: make build" >&2; exit 1; }
out=build/peers
here=bench/peers
python=$out/venv/bin/python
mkdir -p "$out"
if ! cmp -s "$here/requirements.txt" "$out/installed.txt"; then
	rm -rf "$out/venv"
	python3 -m venv "$out/venv"
	"$out/venv/bin/pip" install --quiet --disable-pip-version-check -r "$here/requirements.txt"
	cp "$here/requirements.txt" "$out/installed.txt"
fi
if [ $# = 0 ]; then
	for identifiers in 1 0; do
		"$uoma" generate --record-count 100000 --seed 7 --identifiers "$identifiers" --records "$out/campus-$identifiers.csv" -q >/dev/null
		set -- "$@" "$out/campus-$identifiers.csv" "$out/campus-$identifiers.truth.csv"
	done
fi

# measure COMMAND...: runs it and leaves seconds, processor seconds and peak KiB in $out/time.
measure() { /usr/bin/time -o "$out/time" -f '%e %U %S %M' "$@"; }

# row TOOL VERSION FILE TRUTH CLUSTERS: scores the clusters and prints a line of the table, with $out/time unless it is empty.
row() {
	"$uoma" evaluate --truth "$4" --clusters "$5" --json >"$out/score.json"
	"$python" "$here/row.py" "$1" "$2" "$3" "$out/score.json" "$out/time"
}

# nothing TOOL VERSION FILE WHY: a line without figures.
nothing() { echo "| $1 | $2 | $3 | $4 | | | | | | | |"; }

echo '| tool | version | file | precision | recall | F1 | B-cubed F1 | exactly right | wall s | CPU s | peak MiB |'
echo '| --- | --- | --- | ---: | ---: | ---: | ---: | ---: | ---: | ---: | ---: |'
splink_version=$(sed -n 's/^splink==//p' "$here/requirements.txt")
uoma_version=$("$uoma" version | sed -n '1s/^uoma \([^ ]*\).*/\1/p')
while [ $# -gt 0 ]; do
	records=$1 truth=$2
	shift 2
	file=$(basename "$(dirname "$records")")/$(basename "$records" .csv)
	for settings in $("$python" "$here/splink_link.py" "$records"); do
		if ! measure "$python" "$here/splink_link.py" "$records" "$settings" "$out/splink.csv" "$out/edges.csv" 2>"$out/splink.log"; then
			nothing Splink "$splink_version" "$file" "$settings failed: $out/splink.log"
			continue
		fi
		row "Splink, $settings settings, 0.95" "$splink_version" "$file" "$truth" "$out/splink.csv"
		weight=$("$python" "$here/best_threshold.py" "$truth" "$out/edges.csv" "$out/best.csv")
		: >"$out/time"
		row "Splink, $settings settings, the truth's best threshold (weight $weight)" "$splink_version" "$file" "$truth" "$out/best.csv"
	done
	if ! "$uoma" resolve --help >/dev/null 2>&1; then
		nothing Uoma "$uoma_version" "$file" "this build has no resolve"
	elif measure "$uoma" resolve "$records" --out "$out/uoma.csv" --json >"$out/uoma.json" 2>"$out/uoma.log"; then
		row Uoma "$uoma_version" "$file" "$truth" "$out/uoma.csv"
	else
		nothing Uoma "$uoma_version" "$file" "failed: $out/uoma.log"
	fi
done

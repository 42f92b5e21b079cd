#!/bin/bash
# Link the same files of people with other tools and with Uoma, one after the other, and print a Markdown table of how well
# and how fast.
#   bench/peers/run.sh [RECORDS.csv TRUTH.csv]...
# RECORDS.csv has an id in its first column, TRUTH.csv that id and a cluster. Without arguments, two synthetic files of
# 100 000 records are made: with identity codes and other numbers, and without. The first run installs the tools from PyPI
# into build/peers; everything that is written stays there, or below OUT. In the environment: TOOLS, which to run; LABELS, how
# many pairs of the truth go to the tools that learn from labels; SECONDS_EACH and MIB_EACH, the limits of each run.
set -euo pipefail
cd "$(dirname "$0")/../.."

[ $(($# % 2)) = 0 ] || { echo "usage: bench/peers/run.sh [RECORDS.csv TRUTH.csv]..." >&2; exit 2; }
uoma=${UOMA:-bin/uoma}
[ -x "$uoma" ] || { echo "$uoma is missing: make build" >&2; exit 1; }
tools=${TOOLS:-splink goldenmatch dedupe zingg uoma}
labels=${LABELS:-400}
seconds=${SECONDS_EACH:-1200}
mib=${MIB_EACH:-16384}
here=bench/peers
installed=build/peers
out=${OUT:-$installed}
mkdir -p "$installed" "$out/home"

# install TOOL: what its file of requirements names and nothing else, into an environment of its own.
install() {
	cmp -s "$here/$1.txt" "$installed/$1.txt" && return
	rm -rf "$installed/venv/$1"
	python3 -m venv "$installed/venv/$1"
	"$installed/venv/$1/bin/pip" install --quiet --disable-pip-version-check --no-deps -r "$here/$1.txt"
	cp "$here/$1.txt" "$installed/$1.txt"
}

# measure COMMAND...: runs it within the limits, leaves what it took in $out/measured and what it said in $out/log.
measure() {
	: >"$out/measured"
	HOME=$PWD/$out/home python3 "$here/measure.py" "$seconds" "$mib" "$out/measured" "$@" >"$out/log" 2>&1
}

# row TOOL VERSION FILE TRUTH CLUSTERS: scores the clusters and prints a line of the table, with $out/measured unless it is empty.
row() {
	"$uoma" evaluate --truth "$4" --clusters "$5" --json >"$out/score.json"
	python3 "$here/row.py" "$1" "$2" "$3" "$out/score.json" "$out/measured"
}

# nothing TOOL VERSION FILE: a line without figures, and why.
nothing() {
	local kept=$out/$1.$(basename "$(dirname "$3")").$(basename "$3").log
	kept=${kept// /-}
	cp "$out/log" "$kept"
	echo "| $1 | $2 | $3 | $(grep '^over' "$out/measured" || echo "failed: $kept") | | | | | | | |"
}

for tool in $tools; do
	[ "$tool" = uoma ] || install "$tool"
done
if [ $# = 0 ]; then
	for identifiers in 1 0; do
		"$uoma" generate --record-count 100000 --seed 7 --identifiers "$identifiers" --records "$out/campus-$identifiers.csv" -q >/dev/null
		set -- "$@" "$out/campus-$identifiers.csv" "$out/campus-$identifiers.truth.csv"
	done
fi

echo '| tool | version | file | precision | recall | F1 | B-cubed F1 | exactly right | wall s | CPU s | peak MiB |'
echo '| --- | --- | --- | ---: | ---: | ---: | ---: | ---: | ---: | ---: | ---: |'
while [ $# -gt 0 ]; do
	records=$1 truth=$2
	shift 2
	file=$(basename "$(dirname "$records")")/$(basename "$records" .csv)
	if [[ $tools == *dedupe* || $tools == *zingg* ]]; then
		python3 "$here/labels.py" "$records" "$truth" "$labels" "$out/labels.csv"
		given=$(($(wc -l <"$out/labels.csv") - 1))
	fi
	for tool in $tools; do
		if [ "$tool" = uoma ]; then
			version=$("$uoma" version | sed -n '1s/^uoma \([^ ]*\).*/\1/p')
			if measure "$uoma" resolve "$records" --out "$out/uoma.csv" --json; then
				row Uoma "$version" "$file" "$truth" "$out/uoma.csv"
			else
				nothing Uoma "$version" "$file"
			fi
			continue
		fi
		python=$installed/venv/$tool/bin/python
		version=$(sed -n "s/^$tool==//p" "$here/$tool.txt")
		known=$("$python" "$here/${tool}_link.py" "$records")
		while IFS=$'\t' read -r settings name; do
			case $tool in
			splink) more=$out/edges.csv ;;
			dedupe | zingg) more=$out/labels.csv name="$name, $given labelled pairs of the truth" ;;
			*) more= ;;
			esac
			if ! measure "$python" "$here/${tool}_link.py" "$records" "$settings" "$out/$tool.csv" ${more:+"$more"}; then
				nothing "$name" "$version" "$file"
				continue
			fi
			row "$name" "$version" "$file" "$truth" "$out/$tool.csv"
			if [ "$tool" = splink ]; then
				weight=$(python3 "$here/best_threshold.py" "$truth" "$out/edges.csv" "$out/best.csv")
				: >"$out/measured"
				row "${name%,*}, the truth's best threshold (weight $weight)" "$version" "$file" "$truth" "$out/best.csv"
			fi
		done <<<"$known"
	done
done

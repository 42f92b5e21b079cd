#!/bin/bash
# What decisions, retention, a person's package and pseudonyms take, for a million people. Prints a Markdown table.
#   bench/policy.sh [PEOPLE]      default 1000000, of the stores that a package is gathered from; the decisions are always a million's
# The first run fills the stores, in build/policy. Where others use the processors, compare processor time only.
set -euo pipefail
cd "$(dirname "$0")/.."

people=${1:-1000000}
mkdir -p build/policy

# measure WHAT WANTED METRIC PACKAGE BENCHMARK [FLAG]...: one line of the table, of the metric with that unit.
measure() {
	what=$1 wanted=$2 unit=$3 package=$4 name=$5
	shift 5
	got=$(go test "$package" -run '^$' -bench "$name" "$@" | awk -v unit="$unit" '/^Benchmark/ { for (i = 3; i < NF; i += 2) if ($(i + 1) == unit) print $i }')
	[ -n "$got" ] || { echo "$package: no $unit of $name" >&2; exit 1; }
	echo "| $what | $got $unit | $wanted |"
}

echo '| what | measured | wanted |'
echo '| --- | ---: | ---: |'
measure 'decisions for all purposes, a million people' 'under 2 s' s/million ./transforms/policy DecisionsOfAMillion -benchtime 3x
measure 'retention plan of 3 million records, a million people' 'under 3 s' s/million ./transforms/policy RetentionOfAMillion -benchtime 3x
SUBJECTS=$people WORKSPACE=$PWD/build/policy/$people measure "a person's package, of $people people" 'under 200 ms' ms/export ./pipelines/subject Export/sqlite -benchtime 60x
measure 'pseudonyms, one core' 'a million a second' tokens/cpu-s ./transforms/pseudonym Append -cpu 1

#!/bin/bash
# Fuzzes, one target after the other, each until it has used as many seconds of processor time. Prints a Markdown table.
#   bench/fuzz.sh SECONDS [PACKAGE]...      default: every package that has a target
# TARGET=FuzzRead takes the targets of that name alone.
# What is interesting is kept under build/fuzz and gone on from the next time. KEEP=N copies the N smallest of it into the
# package's testdata/fuzz, from where every test run tries them again. A finding ends the run; go test has put it there.
# What does not fail again is none: time was up while an input was made smaller, or the machine stood still.
set -euo pipefail
cd "$(dirname "$0")/.."
root=$PWD
seconds=${1:-20}
shift || true
[ $# -gt 0 ] || set -- $(grep -rlE '^func Fuzz' --include='*_test.go' . | xargs dirname | sort -u)
export TIMEFORMAT='%U %S'

echo '| target | processor time | inputs tried | kept as interesting |'
echo '| --- | ---: | ---: | ---: |'
for package in "$@"; do
	room=$root/build/fuzz/$package
	mkdir -p "$room"
	go test -c -fuzz=. -o "$room/fuzz.test" "./$package"
	cd "$root/$package"
	for target in $(grep -hoE '^func Fuzz[A-Za-z0-9_]+' -- *_test.go | sed 's/func //' | grep "${TARGET:-}"); do
		used=0 tried=0
		mkdir -p "$room/$target"
		while left=$(awk "BEGIN { l = $seconds - $used; print l < 1 ? 0 : int(l + 0.999) }") && [ "$left" -gt 0 ]; do
			{ time "$room/fuzz.test" -test.run '^$' -test.fuzz "^$target\$" -test.fuzztime "${left}s" -test.parallel 1 \
				-test.fuzzminimizetime 50x -test.fuzzcachedir "$room" >"$room/log" 2>&1; } 2>"$room/time" ||
				"$room/fuzz.test" -test.run "^$target\$" -test.timeout 5m >>"$room/log" 2>&1 || { cat "$room/log" >&2; exit 1; }
			used=$(awk "{ print $used + \$1 + \$2 }" "$room/time")
			tried=$((tried + $(grep -oE 'execs: [0-9]+' "$room/log" | tail -1 | cut -d' ' -f2 | grep . || echo 0)))
		done
		if [ -n "${KEEP:-}" ]; then
			mkdir -p "testdata/fuzz/$target"
			(cd "$room/$target" && ls -Sr | sed -n "1,${KEEP}p" | xargs -r cp -t "$root/$package/testdata/fuzz/$target")
		fi
		printf '| `%s`, %s | %.0f s | %d | %d |\n' "$target" "${package#./}" "$used" "$tried" "$(ls "$room/$target" | wc -l)"
	done
	cd "$root"
done

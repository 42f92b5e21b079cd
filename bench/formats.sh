#!/bin/bash
# How fast each format is read, beside the standard library's reader and a plain read of the same bytes, and at which peak of
# memory. Processor time, not wall time. Exports are made in build/ and removed.
#   bench/formats.sh [BYTES] [FORMAT...]
# With DUCKDB=1 DuckDB's reader is measured too, where it has one; it needs a C compiler and is built the first time.
# With PIPE=1 an export goes through a pipe and never lies on disk; Parquet and XLSX, which are read here and there, always do.
# parquet-wide has a text of a kilobyte in each row and is not compressed. The bytes of XLSX are those of its sheet unpacked.
set -euo pipefail
cd "$(dirname "$0")/.."
bytes=${1:-268435456}
shift || true
formats=${*:-csv ndjson json xml fixed ldif parquet xlsx csv.gz ndjson.zst}
mkdir -p build
dir=$(mktemp -d build/formats.XXXXXX)
trap 'rm -rf "$dir"' EXIT
${GO:-go} build -o "$dir/formats" ./bench/formats

if [ "${DUCKDB:-}" = 1 ]; then
	mkdir -p build/peers
	(cd bench/peers/duckdb && CGO_ENABLED=1 ${GO:-go} build -o ../../../build/peers/duckdb .)
fi

rate() { # LINE BYTES: adds MB/s and rows/s
	awk -v bytes="$2" '{ split($3, r, "="); split($4, c, "="); s = c[2] + 0; printf "%-6s %-11s %9.0f MB/s %10.0f rows/s  %s %s\n", $1, $2, bytes / 1e6 / s, r[2] / s, $4, $5 }' <<<"$1"
}

for format in $formats; do
	case $format in
	*.gz) pack=(gzip -1) ;;
	*.zst) pack=(zstd -q -1) ;;
	*) pack=(cat) ;;
	esac
	if [ "${PIPE:-}" = 1 ] && [[ $format != @(parquet*|xlsx) ]]; then
		rate "$("$dir/formats" write "${format%.*}" "$bytes" | "${pack[@]}" | "$dir/formats" read "$format" -)" "$bytes"
		continue
	fi
	file=$dir/export
	"$dir/formats" write "${format%.*}" "$bytes" | "${pack[@]}" >"$file"
	size=$(stat -c %s "$file")
	case $format in *.* | xlsx) size=$bytes ;; esac # rates are of the bytes inside
	rate "$("$dir/formats" plain "$format" "$file")" "$size"
	rate "$("$dir/formats" read "$format" "$file")" "$size"
	case $format in csv | json | ndjson | xml | fixed) rate "$("$dir/formats" std "$format" "$file")" "$size" ;; esac
	case $format in xlsx) rate "$("$dir/formats" peer "$format" "$file")" "$size" ;; esac
	case ${DUCKDB:-}$format in 1csv | 1json | 1ndjson | 1parquet) rate "$(build/peers/duckdb "$format" "$file")" "$size" ;; esac
	rm -f "$file"
done

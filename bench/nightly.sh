#!/bin/bash
# The whole nightly run on a generated campus: a first night, then a second with 1 % change. Prints wall time, processor
# time, peak memory and the share of each stage. Medians of three runs.
#   bench/nightly.sh [PEOPLE] [RUNS]
set -euo pipefail
cd "$(dirname "$0")/.."

[ -x /usr/bin/time ] || { echo "GNU time is needed: apt-get install time" >&2; exit 1; }
people=${1:-100000}
runs=${2:-3}
dir=$(mktemp -d build.bench.XXXXXX)
trap 'rm -rf "$dir"' EXIT
uoma=$PWD/bin/uoma

"$uoma" generate --people "$people" --seed 7 --out "$dir/campus" --nights 2 --change 0.01 --date 2026-11-21 -q
for run in $(seq "$runs"); do
	ws=$dir/workspace
	rm -rf "$ws"
	"$uoma" init "$ws" >/dev/null
	printf 'institution: "10118"\ntemporary_identifiers: true\ninbox: %s\nsender: {id: bench}\n' "$PWD/$dir/campus/inbox" >"$ws/uoma.yaml"
	for night in 1 2; do
		sync # nights are a day apart: the second does not wait for what the first left to be written
		/usr/bin/time -f '%e %U %S %M' -o "$dir/time" "$uoma" run nightly -w "$ws" --date "2026-11-2$night" >/dev/null 2>"$dir/log"
		echo "$night $(cat "$dir/time")" >>"$dir/times"
		sed -nE "s/.*msg=\"stage ([a-z]+)\" state=\"done in ([^\"]+)\".*/$night \1 \2/p" "$dir/log" >>"$dir/stages"
	done
done
"$uoma" evaluate -w "$ws" --truth "$dir/campus/truth/2026-11-22.csv" >"$dir/score"

awk -v people="$people" -v runs="$runs" '
	function median(a, n,   i, j, t) {
		for (i = 1; i <= n; i++) for (j = i + 1; j <= n; j++) if (a[j] < a[i]) { t = a[i]; a[i] = a[j]; a[j] = t }
		return a[int((n + 1) / 2)]
	}
	{ n[$1]++; w[$1, n[$1]] = $2; c[$1, n[$1]] = $3 + $4; m[$1, n[$1]] = $5 / 1024 }
	END {
		printf "%d people, medians of %d runs\n\nnight   wall s   cpu s   peak MiB\n", people, runs
		for (k = 1; k <= 2; k++) {
			for (i = 1; i <= n[k]; i++) { x[i] = w[k, i]; y[i] = c[k, i]; z[i] = m[k, i] }
			wall[k] = median(x, n[k])
			printf "%5d %8.1f %7.1f %10.0f\n", k, wall[k], median(y, n[k]), median(z, n[k])
		}
		printf "\nsecond night / first night: %.2f\n", wall[2] / wall[1]
	}' "$dir/times"
awk '
	function seconds(s) { if (s ~ /ms$/) return substr(s, 1, length(s) - 2) / 1000; if (s ~ /m.*s$/) { split(s, p, "m"); return p[1] * 60 + substr(p[2], 1, length(p[2]) - 1) } return substr(s, 1, length(s) - 1) + 0 }
	{ t[$1, $2] += seconds($3); all[$1] += seconds($3); if (!($2 in seen)) { seen[$2] = ++k; name[k] = $2 } }
	END {
		printf "\nstage      night 1   share   night 2   share\n"
		for (i = 1; i <= k; i++) printf "%-9s %7.2f s  %4.0f %%  %6.2f s  %4.0f %%\n", name[i], t[1, name[i]] / '"$runs"', 100 * t[1, name[i]] / all[1], t[2, name[i]] / '"$runs"', 100 * t[2, name[i]] / all[2]
	}' "$dir/stages"
echo
cat "$dir/score"

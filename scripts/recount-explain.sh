#!/bin/sh
# Counts again, with sort and awk alone, what an explanation says. It reads the
# CSV of `plimsoll explain MEASURE --format csv` from a file or standard input:
#
#   plimsoll explain lead_time --since 90d --format csv | sh scripts/recount-explain.sh
#
# It prints one "name value" a line. The quantiles lie between the two nearest
# values, as in docs/definitions.md, 6.1.1.
set -eu

rows=$(mktemp)
trap 'rm -f "$rows"' EXIT
cat -- "${1:--}" | tail -n +2 | cut -d, -f1-4 >"$rows"

awk -F, '
	{ roles[$2]++ }
	END {
		top = roles["numerator"] + 0
		all = top + roles["denominator"]
		printf "numerator %d\ndenominator %d\n", top, all
		if (all > 0) printf "ratio %.17g\n", top / all
		printf "n %d\nopen %d\nexcluded %d\n", roles["sample"], roles["open"], roles["excluded"]
	}' "$rows"

awk -F, '$2 == "sample" { print $4 }' "$rows" | sort -g | awk '
	{ value[NR] = $1; sum += $1 }
	function quantile(p,   at, low) {
		at = (NR - 1) * p
		low = int(at)
		if (low + 1 >= NR) return value[NR]
		return value[low + 1] + (at - low) * (value[low + 2] - value[low + 1])
	}
	END {
		if (NR == 0) exit
		printf "p50 %.6f\np75 %.6f\np90 %.6f\np95 %.6f\nmean %.9f\n", quantile(.5), quantile(.75), quantile(.9), quantile(.95), sum / NR
	}'

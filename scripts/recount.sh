#!/usr/bin/env bash
# Recount what `plimsoll import git` made of a clone, with git alone.
#
#   scripts/recount.sh CLONE 'TAGS' DATA
#
# It imports nothing: DATA is a data folder into which exactly this clone was
# imported with exactly these tags. It walks the tags in the order of their
# dates, takes for each the commits that `git rev-list --no-merges PREVIOUS..TAG`
# lists and that no earlier tag brought, and compares with the API's numbers:
# the count of deployments, every lead time by sha, ten of them picked at random
# and shown, and the median.
set -euo pipefail
clone=$1 tags=$2 data=$3
plimsoll=${PLIMSOLL:-bin/plimsoll}
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
export LC_ALL=C TZ=UTC

# date and commit of every tag that names a commit, by date. The date is
# the tagger's, else the commit's.
git -C "$clone" for-each-ref "refs/tags/$tags" --format='%(refname)^{commit} %(taggerdate:unix)' |
  git -C "$clone" cat-file --batch-check='%(objectname) %(rest)' | awk 'NF > 0 && $2 != "missing"' >"$work/peeled"
while read -r sha date; do
  echo "${date:-$(git -C "$clone" show -s --format=%ct "$sha")} $sha"
done <"$work/peeled" | sort -k1,1n >"$work/tags"

# For each tag the commits it brought first: sha, seconds from authoring. What
# the first tag holds was there before the record began.
: >"$work/leads"
git -C "$clone" rev-list "$(awk 'NR == 1 { print $2 }' "$work/tags")" | sort >"$work/seen"
previous=
while read -r date sha; do
  if [ -n "$previous" ]; then
    git -C "$clone" log --no-merges --format='%H %at' "$previous..$sha" | sort >"$work/new"
    join -v1 "$work/new" "$work/seen" | awk -v d="$date" '{ print $1, d - $2 }' >>"$work/leads"
    awk '{ print $1 }' "$work/new" | sort -u - "$work/seen" -o "$work/seen"
  fi
  previous=$sha
done <"$work/tags"
sort "$work/leads" -o "$work/leads"

median() { # of the numbers on standard input, interpolated
  sort -n | awk '{ v[NR] = $1 } END { if (NR % 2) print v[(NR + 1) / 2]; else print (v[NR / 2] + v[NR / 2 + 1]) / 2 }'
}
deployments=$(wc -l <"$work/tags")
middle=$(awk '$2 >= 0 { print $2 }' "$work/leads" | median)

# The same from Plimsoll.
"$plimsoll" changes --data "$data" --format csv --limit 0 |
  awk -F, 'NR > 1 && $3 != "" { print $1, $3 }' | sort >"$work/ours"
"$plimsoll" measures --data "$data" --from 1971-01-01 --format json >"$work/measures"
ours_deployments=$("$plimsoll" deployments --data "$data" --format csv --limit 0 | awk 'NR > 1' | wc -l)
ours_middle=$(sed 's/.*"lead_time":{[^}]*"p50":\([0-9.e+]*\).*/\1/' "$work/measures")

echo "deployments   git $deployments   plimsoll $ours_deployments"
echo "lead times    git $(wc -l <"$work/leads")   plimsoll $(wc -l <"$work/ours")"
echo "median        git $middle   plimsoll $ours_middle"
echo "ten at random:"
join "$work/leads" "$work/ours" | shuf -n 10 | awk '{ printf "  %s  git %d s  plimsoll %d s  %s\n", substr($1, 1, 12), $2, $3, $2 == $3 ? "equal" : "DIFFERENT" }'
if ! diff "$work/leads" "$work/ours" >"$work/diff"; then
  echo "differences:"; head -20 "$work/diff"; exit 1
fi
[ "$deployments" -eq "$ours_deployments" ] && awk -v a="$middle" -v b="$ours_middle" 'BEGIN { exit !(a - b < 0.001 && b - a < 0.001) }' ||
  { echo "counts or medians differ"; exit 1; }
echo "all equal"

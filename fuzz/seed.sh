#!/usr/bin/env bash
# Fills corpus/ with what targets begin from: the files in seeds/, and what tests of the crates read.
set -euo pipefail
cd "$(dirname "$0")"

# Copies the files on standard input, up to 16 KiB each, into a target's corpus.
into() {
    mkdir -p "corpus/$1"
    while read -r file; do
        [ "$(stat -c %s "$file")" -gt 16384 ] || cp "$file" "corpus/$1/$(sha1sum <"$file" | cut -c1-40)"
    done
}
below() { git ls-files --full-name -- "$@" | sed "s|^|$(git rev-parse --show-toplevel)/|"; }

for target in fuzz_targets/*.rs; do
    mkdir -p "corpus/$(basename "$target" .rs)"
done
for seeds in seeds/*; do
    find "$PWD/$seeds" -type f | into "$(basename "$seeds")"
done
below '../crates/**.yaml' '../tests/scenarios/*.yaml' | into yaml
below '../crates/kustomize/tests/fixtures/**kustomization.yaml' | into kustomization
below '../crates/helm/tests/charts/**values.yaml' | into values
below '../crates/helm/tests/charts/**templates/**' | into template
below '../crates/openpgp/tests/fixtures' | into openpgp
# A key and what it signed: one input is both.
for key in ../crates/openpgp/tests/fixtures/*.pub.asc; do
    cat "$key" "${key%.pub.asc}.txt.asc" >"corpus/openpgp/$(basename "$key")"
done
below '../crates/jsonnet/src/prelude.jsonnet' | into jsonnet

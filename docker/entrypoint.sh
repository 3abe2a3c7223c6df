#!/bin/bash
# Formats the volume, if told to and only if it is empty, and then serves.
#
# A node without its data must never start as if it were new: it would vote a second time in terms in which it has
# voted, and forget what it has acknowledged. So an empty volume is an error unless HOLDFAST_FORMAT=1 says that this is
# the first start.
set -euo pipefail

fail() {
    echo "entrypoint: $*" >&2
    exit 1
}

# The command itself:  docker run … holdfast status --admin …
if [ "$#" -gt 0 ]; then
    exec holdfast "$@"
fi

data="${HOLDFAST_DATA:-/var/lib/holdfast/data}"
format="${HOLDFAST_FORMAT:-0}"
cluster_id="${HOLDFAST_CLUSTER_ID:-}"
: "${HOLDFAST_NODE_ID:?set HOLDFAST_NODE_ID to the number of this node}"
: "${HOLDFAST_PEERS:?set HOLDFAST_PEERS, for example 1=10.0.0.1:7001,2=10.0.0.2:7001,3=10.0.0.3:7001}"
volume="$(dirname "$data")"
[ -d "$volume" ] || fail "$volume does not exist; mount a volume there"
[ -w "$volume" ] || fail "$volume is not writable for user $(id -u)"

if [ ! -e "$data" ]; then
    # lost+found comes with a fresh ext4 file system.
    found="$(find "$volume" -mindepth 1 -maxdepth 1 ! -name lost+found -printf '%f ')"
    [ -z "$found" ] || fail "$volume holds other things ($found) but no $data; not touching it"
    [ "$format" = 1 ] || fail "$volume is empty. First start of this node: set HOLDFAST_FORMAT=1. Otherwise its data \
is lost: put it back, or replace the node; do not format."
    [ -n "$cluster_id" ] || fail "set HOLDFAST_CLUSTER_ID to one UUID, the same for all nodes, to format"
    holdfast format --data "$data" --cluster-id "$cluster_id" --node-id "$HOLDFAST_NODE_ID" --peers "$HOLDFAST_PEERS"
fi

# Settings of this script, which holdfast does not know and would refuse.
unset HOLDFAST_FORMAT HOLDFAST_CLUSTER_ID
export HOLDFAST_DATA="$data"
exec holdfast serve

#!/bin/bash
# Exit code 0 when the node in this container is ready: it knows a leader and has applied what the leader has committed.
set -euo pipefail

address="${HOLDFAST_ADMIN_LISTEN:-0.0.0.0:8081}"
exec 3<>"/dev/tcp/127.0.0.1/${address##*:}"
printf 'GET /health/ready HTTP/1.0\r\n\r\n' >&3
read -r status <&3
[[ "$status" == *" 200 "* ]]

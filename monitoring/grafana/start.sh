#!/bin/sh
# Starts Grafana in its container, but never with a password that everybody knows.
set -eu
case "${GF_SECURITY_ADMIN_PASSWORD:-}" in
"" | admin | password | grafana)
    echo "grafana: GRAFANA_ADMIN_PASSWORD is empty or known to everybody; set another one in .env, see .env.example" >&2
    exit 1
    ;;
esac
if [ "${#GF_SECURITY_ADMIN_PASSWORD}" -lt 12 ]; then
    echo "grafana: GRAFANA_ADMIN_PASSWORD is shorter than 12 characters; set a longer one in .env, see .env.example" >&2
    exit 1
fi
exec "${GRAFANA_START:-/run.sh}" "$@"

#!/usr/bin/env bash
# From a fresh clone to a running example: bash examples/demo.sh
#
# Installs sampan into .venv, starts a cluster in the background with the embedded defaults, deploys the guestbook (where
# no engine can fetch images: the hello example) and prints its URL once it answers there.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."
venv=${SAMPAN_VENV:-.venv}
patience=300 # seconds: images may have to be pulled

sampan() { "$venv/bin/sampan" "$@"; }

# Prints one value of the JSON on stdin: field items 0 status phase
field() { "$venv/bin/python" -c '
import json, sys
value = json.load(sys.stdin)
for key in sys.argv[1:]:
    value = value[int(key) if isinstance(value, list) else key]
print(value)' "$@"; }

answers() { "$venv/bin/python" -c '
import sys, urllib.request
urllib.request.build_opener(urllib.request.ProxyHandler({})).open(sys.argv[1], timeout=5)' "$1" 2>/dev/null; }

.ci/make-venv "$venv"
sampan up -d
runtime=$(sampan get nodes -o json | field items 0 status nodeInfo containerRuntimeVersion)
case $runtime in
  docker:* | podman:*)
    app=guestbook
    sampan apply -f examples/guestbook/redis.yaml
    sampan apply -f examples/guestbook/frontend.yaml
    ;;
  *)
    app=hello
    sampan apply -f examples/hello.yaml
    ;;
esac
url=http://$(sampan get service "$app" -o json | field spec clusterIP):8080/
echo "waiting for $app on $runtime ..."
deadline=$((SECONDS + patience))
until answers "$url"; do
  if ((SECONDS > deadline)); then
    echo "$app does not answer on $url after $patience s; its pods:" >&2
    sampan get pods >&2
    exit 1
  fi
  sleep 0.5
done
echo "$app answers on $url"
echo "look around: $venv/bin/sampan get pods    end it: $venv/bin/sampan down"

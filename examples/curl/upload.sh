#!/bin/sh
# Uploads a file through the tracker, waits until its extensions are final, and prints their status.
# Usage: ./upload.sh FILE [TAGS]
set -eu

headers=$(mktemp)
trap 'rm -f "$headers"' EXIT

# --form-string: with -F, curl would read a file for a value that begins with @ or <. The quotes let the path contain ; and ,.
file=$(printf %s "$1" | sed 's/[\\"]/\\&/g')
curl -sS --fail-with-body -u "$TRACKER_API_KEY:" -D "$headers" \
  -F "file=@\"$file\"" \
  --form-string "fileName=${1##*/}" \
  --form-string "tags=${2-}" \
  -F 'extensions=[{"name":"remove-bg"},{"name":"aws-auto-tagging","minConfidence":70,"maxTags":10}]' \
  "$TRACKER_URL/api/v1/files/upload"
echo

# The Link header has the address of the status. Its token gives access to this file only, so it needs no key.
status_url=$(sed -n 's/^[Ll]ink:.*<\([^>]*\)>; rel="status".*/\1/p' "$headers")
if [ -z "$status_url" ]; then
  echo 'ImageKit returned no fileId yet, because it queued the upload.' >&2
  exit 1
fi

status=pending
while [ "$status" = pending ]; do
  # The response comes as soon as nothing is pending, or else after 30 seconds.
  asset=$(curl -sS --fail-with-body "$status_url&wait=30")
  # The first status in it is that of the asset; each extension has one too.
  status=$(echo "$asset" | grep -o '"status":"[a-z]*"' | head -n 1 | cut -d '"' -f 4)
done
echo "$asset"
[ "$status" = success ]

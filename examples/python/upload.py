"""Uploads a file through the tracker, and waits until its extensions are final.

Usage: python3 upload.py FILE [TAG…]
"""

import json
import os
import sys

import requests

path, *tags = sys.argv[1:]
extensions = [{"name": "remove-bg"}, {"name": "aws-auto-tagging", "minConfidence": 70, "maxTags": 10}]

with open(path, "rb") as file:
    response = requests.post(
        os.environ["TRACKER_URL"] + "/api/v1/files/upload",
        auth=(os.environ["TRACKER_API_KEY"], ""),
        files={"file": file},
        data={
            "fileName": os.path.basename(path),
            "tags": ",".join(tags),
            "extensions": json.dumps(extensions),
        },
        timeout=300,
    )
if not response.ok:
    sys.exit(response.text)
uploaded = response.json()
if "fileId" not in uploaded:
    sys.exit("ImageKit has queued the upload: " + response.text)
print("uploaded", uploaded["fileId"], uploaded["extensionStatus"])

# The Link header has the address of the status. Its token gives access to this file only, so it needs no key.
status_url = response.links["status"]["url"]

while True:
    # The response comes as soon as nothing is pending, or else after 30 seconds.
    response = requests.get(status_url, params={"wait": 30}, timeout=40)
    response.raise_for_status()
    asset = response.json()
    if asset["status"] != "pending":
        break
for run in asset["extensions"]:
    print(run["name"], run["status"], json.dumps(run["error"]) if run["error"] else "")
sys.exit(0 if asset["status"] == "success" else 1)

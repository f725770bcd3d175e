"""Uploads a file with the generated client in `client`, and waits until its extension is final. Usage: python3 python-client.py FILE"""

import os
import sys

sys.path.insert(0, "client")
from openapi_client import ApiClient, Configuration, ImageKitApi, StatusApi

configuration = Configuration(host=os.environ["TRACKER_URL"])
configuration.access_token = os.environ["TRACKER_API_KEY"]
with ApiClient(configuration) as client:
    uploaded = ImageKitApi(client).upload_file(sys.argv[1], "shirt.png", extensions='[{"name":"remove-bg"}]')
    asset = StatusApi(client).get_asset_status(uploaded.file_id, wait=30)
print(uploaded.file_id, asset.status, asset.extensions[0].name)

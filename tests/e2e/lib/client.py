# SPDX-License-Identifier: MIT
"""What the Python clients have in common: HTTP, and lines of JSON on stdout."""

import json
import urllib.error
import urllib.request


def request(method, url, body=None):
    """status, headers, text of one request with SDP or without a body."""
    headers = {"Content-Type": "application/sdp"} if body else {}
    made = urllib.request.Request(
        url, data=body.encode() if body else None, headers=headers, method=method)
    try:
        with urllib.request.urlopen(made, timeout=20) as answer:
            return answer.status, answer.headers, answer.read().decode()
    except urllib.error.HTTPError as error:
        return error.code, error.headers, error.read().decode()


def say(**what):
    print(json.dumps(what), flush=True)

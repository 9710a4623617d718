"""Puts webhooks to a verifier in Python: `driver.py official`, `driver.py seed`, or
`driver.py guide FILE`. Reads a list of cases as JSON, prints one word for each."""

import hashlib
import hmac
import json
import runpy
import sys


def official():
    from standardwebhooks.webhooks import Webhook

    return lambda case: Webhook(case["secret"]).verify(case["body"], case["headers"])


def seed():
    # As the async TTS API v1 documents it for its clients.
    def verify_webhook(payload, signature, secret):
        expected = hmac.new(
            secret.encode(),
            payload.encode(),
            hashlib.sha256
        ).hexdigest()
        return signature == f"sha256={expected}"

    def verify(case):
        signature = case["headers"]["x-webhook-signature"]
        if not verify_webhook(case["body"], signature, case["secret"]):
            raise ValueError("no match")

    return verify


def guide(file):
    verify = runpy.run_path(file)["verify"]
    return lambda case: verify(case["headers"], case["body"].encode(), case["secret"])


def word(verify, case):
    try:
        verify(case)
    except Exception as error:
        return f"refused: {error}"
    return "accepted"


verify = {"official": official, "seed": seed, "guide": guide}[sys.argv[1]](*sys.argv[2:])
for case in json.load(sys.stdin):
    print(word(verify, case))

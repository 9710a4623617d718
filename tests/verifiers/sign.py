"""Signs a webhook with the official library of Standard Webhooks: `sign.py SECRET ID SECONDS < body`
prints the value of `webhook-signature`."""

import sys
from datetime import datetime, timezone

from standardwebhooks.webhooks import Webhook

secret, message_id, seconds = sys.argv[1:]
print(Webhook(secret).sign(message_id, datetime.fromtimestamp(int(seconds), timezone.utc), sys.stdin.read()))

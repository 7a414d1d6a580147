"""What the papers need of curl (替身), for a machine that has none: -sS, -X, -H, -d and an address."""

import argparse
import sys
import urllib.error
import urllib.request

words = argparse.ArgumentParser()
words.add_argument("address")
words.add_argument("-s", action="store_true")
words.add_argument("-S", action="store_true")
words.add_argument("-X", dest="method")
words.add_argument("-H", dest="headers", action="append", default=[])
words.add_argument("-d", dest="body")
asked = words.parse_args()
request = urllib.request.Request(
    asked.address,
    None if asked.body is None else asked.body.encode(),
    dict(each.split(": ", 1) for each in asked.headers),
    method=asked.method,
)
try:
    answer = urllib.request.build_opener(urllib.request.ProxyHandler({})).open(request, timeout=30)
except urllib.error.HTTPError as refused:
    answer = refused
with answer:
    sys.stdout.buffer.write(answer.read())

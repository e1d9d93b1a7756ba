"""A stand-in for a deployment: says what it would deploy, as JSON on its standard output."""

import argparse
import json
import sys

parser = argparse.ArgumentParser()
parser.add_argument("--branch", required=True)
parser.add_argument("--commit")
arguments = parser.parse_args()

webhook = json.load(sys.stdin)
print(f"{len(webhook)} fields came on standard input", file=sys.stderr)
print(json.dumps({"deployed": arguments.branch, "commit": arguments.commit}))

#!/usr/bin/env bash
# A pod's own role in AWS, from its service account to the CloudTrail record, on a real kube-apiserver. Builds what it needs
# (`ringwall`, the testbed, AWS's CLI from PyPI), and leaves nothing behind; `--keep` leaves all of it running until Ctrl-C.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/../.."
exec cargo xtask irsa "$@"

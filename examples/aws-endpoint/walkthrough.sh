#!/usr/bin/env bash
# From nothing to a role assumed, a secret denied, allowed, and the CloudTrail record of both. Everything is in a temporary
# folder and gone at the end. Needs `ringwall` and the `aws` CLI on the PATH; set RINGWALL_PORT if 7443 is taken.
set -euo pipefail

command -v ringwall >/dev/null || { echo "error: ringwall is not on the PATH (hint: cargo build --release)" >&2; exit 2; }
command -v aws >/dev/null || { echo "error: the aws CLI is not on the PATH (hint: pip install awscli)" >&2; exit 2; }

port="${RINGWALL_PORT:-7443}"
admin="${RINGWALL_ADMIN_PORT:-7444}"
work="$(mktemp -d)"
server=""
trap 'status=$?; [ -z "$server" ] || { kill "$server" && wait "$server"; } 2>/dev/null; rm -rf "$work"; exit $status' EXIT

say() { printf '\n== %s\n' "$*"; }
fail() { echo "error: $*" >&2; exit 1; }

# All settings by one file: the same that a real installation has in ~/.config/ringwall/ringwall.toml.
export RINGWALL_DATA_FOLDER="$work/data" RINGWALL_ROOT_KEY="file:$work/keys/root.key"
export RINGWALL_LISTEN="127.0.0.1:$port" RINGWALL_ADMIN_LISTEN="127.0.0.1:$admin"

say "An installation: root key, store, account, administrator"
ringwall init --account-id 111122223333 --credentials "$work/credentials"

say "The server"
ringwall serve >"$work/server.log" 2>&1 &
server=$!
for _ in $(seq 100); do
    [ -f "$RINGWALL_DATA_FOLDER/tls/ca.pem" ] && (exec 3<>"/dev/tcp/127.0.0.1/$port") 2>/dev/null && break
    kill -0 "$server" 2>/dev/null || { cat "$work/server.log" >&2; fail "the server did not start"; }
    sleep 0.1
done

# This is all that an aws CLI or an SDK needs.
export AWS_ENDPOINT_URL="https://127.0.0.1:$port" AWS_CA_BUNDLE="$RINGWALL_DATA_FOLDER/tls/ca.pem"
export AWS_SHARED_CREDENTIALS_FILE="$work/credentials" AWS_CONFIG_FILE="$work/config" AWS_DEFAULT_REGION=eu-west-1
export AWS_PAGER=""
unset AWS_PROFILE AWS_ACCESS_KEY_ID AWS_SECRET_ACCESS_KEY AWS_SESSION_TOKEN

say "Who am I?"
aws sts get-caller-identity

say "A secret, and a role"
aws secretsmanager create-secret --name payments --secret-string "correct horse" --query ARN --output text
aws iam create-role --role-name checkout --query Role.Arn --output text --assume-role-policy-document '{
  "Version": "2012-10-17",
  "Statement": {"Effect": "Allow", "Principal": {"AWS": "111122223333"}, "Action": "sts:AssumeRole"}}'

say "The role is assumed"
aws configure set profile.checkout.role_arn arn:aws:iam::111122223333:role/checkout
aws configure set profile.checkout.source_profile default
aws --profile checkout sts get-caller-identity --query Arn --output text

say "The secret is denied"
if aws --profile checkout secretsmanager get-secret-value --secret-id payments; then
    fail "the role read the secret without a policy that allows it"
fi

say "A policy allows it"
aws iam put-role-policy --role-name checkout --policy-name payments --policy-document '{
  "Version": "2012-10-17",
  "Statement": {
    "Effect": "Allow",
    "Action": "secretsmanager:GetSecretValue",
    "Resource": "arn:aws:secretsmanager:*:*:secret:payments-*"}}'
value="$(aws --profile checkout secretsmanager get-secret-value --secret-id payments --query SecretString --output text)"
echo "$value"
[ "$value" = "correct horse" ] || fail "the secret has another value"

say "Both calls are CloudTrail records"
kill "$server" && wait "$server" || true
server=""
grep -h '"eventName":"GetSecretValue"' "$RINGWALL_DATA_FOLDER"/trail/AWSLogs/111122223333/CloudTrail/*/*/*/*/events.jsonl >"$work/records"
[ "$(wc -l <"$work/records")" -eq 2 ] || fail "there are not two records of GetSecretValue"
grep -q '"errorCode":"AccessDenied"' "$work/records" || fail "the refusal has no record"
if command -v jq >/dev/null; then
    jq '{eventTime, eventName, who: .userIdentity.arn, errorCode, decision: .additionalEventData.decision.blockedBy}' "$work/records"
else
    cat "$work/records"
fi
if grep -rqF "correct horse" "$RINGWALL_DATA_FOLDER" "$work/server.log"; then
    fail "the secret's value is in the data folder or the log"
fi
echo
echo "The secret's value is nowhere in the data folder or the log."

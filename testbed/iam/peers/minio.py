"""MinIO: the policies of its S3 server. Identity policies, or a bucket policy, about the actions of S3."""

LAYERS = {"identity", "resource"}
CALLERS = {"user", "role", "assumed-role", "federated-user"}

UNSUPPORTED = {
    "question *": "the resource is a bucket or an object",
    "NotPrincipal": "not among its elements",
    "principal service": "principals are AWS principals",
    "principal federated": "principals are AWS principals",
    "principals of several kinds": "principals are AWS principals",
    "no Resource": "a statement has to name resources",
}

DIFFERS = {
    "variable": "minio-variables",
    "literal variable": "minio-variables",
    "negated set operator": "minio-negated-set-operators",
    "case of a key": "key-case",
    "case of a boolean": "boolean-case",
    "date that is not RFC 3339": "minio-dates",
    "IPv6": "minio-ipv6",
    "absent key, negated": "minio-absent-key",
    "case of the action": "minio-action-case",
    "every action": "minio-every-action",
    "principal account": "account-principal",
    "principal role": "role-principal",
    "bucket": "minio-bucket-slash",
    "GetObjectVersion": "minio-object-version",
}


def asker(backend):
    def ask(question):
        if not question.resource.startswith("arn:aws:s3:::"):
            return {"unsupported": "the resource is no bucket and no object of S3"}
        if "identity" in question.layers and "resource" in question.layers:
            return {"unsupported": "identity policies and a bucket policy in one decision"}
        bucket, _, key = question.resource.removeprefix("arn:aws:s3:::").partition("/")
        if not key:
            question.features.add("bucket")
        if question.action == "s3:GetObject":
            question.features.update({"GetObjectVersion"} & text_of(question))
        return backend.ask(
            {
                "account": question.principal,
                "action": question.action,
                "bucket": bucket,
                "object": key,
                "context": {without_prefix(name): values for name, values in question.context.items()},
                "identity": question.documents("identity"),
                "bucketPolicy": next(iter(question.documents("resource")), None),
            }
        )

    return ask


def text_of(question):
    """The names of the actions in its policies, without their service."""
    documents = question.documents("identity") + question.documents("resource")
    return {word.removeprefix("s3:") for document in documents for word in words(document)}


def words(value):
    if isinstance(value, str):
        yield value
    elif isinstance(value, dict):
        for item in value.values():
            yield from words(item)
    elif isinstance(value, list):
        for item in value:
            yield from words(item)


def without_prefix(key):
    """MinIO keeps context by name alone: `aws:SourceIp` is `SourceIp`."""
    prefix, _, name = key.partition(":")
    return name if prefix in ("aws", "s3", "sts") else key

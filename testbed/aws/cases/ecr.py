"""Amazon ECR's control API. What the registry's HTTP side does is in testbed/registry."""

import base64
import hashlib
import json

from server import ACCOUNT, OTHER, REGION

from . import Cli, Probe, Raw, change, policy, raises, read, tags

NAME = "shop/app"
ARN = f"arn:aws:ecr:{REGION}:{ACCOUNT}:repository/{NAME}"
OF = {"repositoryName": NAME}
CONFIG, LAYER, SIGNATURE = b'{"os":"linux"}', b"bytes of a layer", b"bytes of a signature"
MANIFEST = "application/vnd.oci.image.manifest.v1+json"
DESTINATION = {"region": "eu-west-1", "registryId": OTHER}
SECRET = '{"username":"u","accessToken":"of-an-upstream-5c1e"}'
PROFILE = f"arn:aws:signer:{REGION}:{ACCOUNT}:/signing-profiles/images"
READER = f"arn:aws:iam::{ACCOUNT}:role/reader"
POLICY = {
    "Version": "2012-10-17",
    "Statement": [{"Effect": "Allow", "Principal": {"AWS": OTHER}, "Action": "ecr:BatchGetImage"}],
}
REGISTRY_POLICY = {
    "Version": "2012-10-17",
    "Statement": [{
        "Effect": "Allow", "Principal": {"AWS": OTHER}, "Action": "ecr:ReplicateImage",
        "Resource": f"arn:aws:ecr:{REGION}:{ACCOUNT}:repository/*",
    }],
}
LIFECYCLE = json.dumps({"rules": [{
    "rulePriority": 1, "description": "no more than one",
    "selection": {"tagStatus": "any", "countType": "imageCountMoreThan", "countNumber": 1},
    "action": {"type": "expire"},
}]})


def digest(content):
    return "sha256:" + hashlib.sha256(content if isinstance(content, bytes) else content.encode()).hexdigest()


def manifest(layer, **more):
    def descriptor(kind, content):
        return {"mediaType": kind, "digest": digest(content), "size": len(content)}

    return json.dumps({
        "schemaVersion": 2, "mediaType": MANIFEST,
        "config": descriptor("application/vnd.oci.image.config.v1+json", CONFIG),
        "layers": [descriptor("application/vnd.oci.image.layer.v1.tar", layer)], **more,
    })


IMAGE = manifest(LAYER)
SIGNED = manifest(
    SIGNATURE, artifactType="application/vnd.example.signature",
    subject={"mediaType": MANIFEST, "digest": digest(IMAGE), "size": len(IMAGE)},
)
TAGGED = {**OF, "imageId": {"imageTag": "v1"}}


def repository(w, name=NAME):
    return w.ecr.describe_repositories(repositoryNames=[name])["repositories"][0]


def available(w, content):
    layers = w.ecr.batch_check_layer_availability(**OF, layerDigests=[digest(content)])["layers"]
    return layers[0]["layerAvailability"] == "AVAILABLE"


def upload(w, content):
    """A whole layer."""
    of = {**OF, "uploadId": w.ecr.initiate_layer_upload(**OF)["uploadId"]}
    w.ecr.upload_layer_part(**of, partFirstByte=0, partLastByte=len(content) - 1, layerPartBlob=content)
    w.ecr.complete_layer_upload(**of, layerDigests=[digest(content)])


def described(w, **which):
    return w.ecr.describe_images(**OF, **which)["imageDetails"]


def rules(w):
    return {rule["ecrRepositoryPrefix"]: rule for rule in w.ecr.describe_pull_through_cache_rules()["pullThroughCacheRules"]}


def templates(w):
    found = w.ecr.describe_repository_creation_templates()["repositoryCreationTemplates"]
    return {template["prefix"]: template for template in found}


def secret(w):
    w.kept["upstream"] = w.secretsmanager.create_secret(Name="ecr-pullthroughcache/hub", SecretString=SECRET)["ARN"]


def backfills(w):
    return {one["replicationBackfillId"]: one["status"] for one in w.ecr.list_replication_backfills()["backfills"]}


def password(out):
    user, password = base64.b64decode(out["authorizationData"][0]["authorizationToken"]).decode().split(":", 1)
    return user == "AWS" and len(password) > 100


CASES = [
    change(
        "CreateRepository", {**OF, "imageScanningConfiguration": {"scanOnPush": True}},
        lambda w: repository(w)["repositoryArn"] == ARN,
    ),
    read("DescribeRepositories", {}, lambda w, out: [one["repositoryName"] for one in out["repositories"]] == [NAME]),
    change(
        "TagResource", {"resourceArn": ARN, "tags": [{"Key": "team", "Value": "shop"}]},
        lambda w: tags(w.ecr.list_tags_for_resource(resourceArn=ARN)["tags"]) == {"team": "shop"},
    ),
    read("ListTagsForResource", {"resourceArn": ARN}, lambda w, out: tags(out["tags"]) == {"team": "shop"}),
    change(
        "UntagResource", {"resourceArn": ARN, "tagKeys": ["team"]},
        lambda w: w.ecr.list_tags_for_resource(resourceArn=ARN)["tags"] == [],
    ),
    # An upload that is begun shows by a part that it takes.
    change(
        "InitiateLayerUpload", OF,
        lambda w: w.ecr.upload_layer_part(
            **OF, uploadId=w.kept["upload"]["uploadId"], partFirstByte=0, partLastByte=2, layerPartBlob=LAYER[:3],
        )["lastByteReceived"] == 2,
        keep="upload",
    ),
    change(
        "UploadLayerPart",
        lambda w: {
            **OF, "uploadId": w.kept["upload"]["uploadId"], "partFirstByte": 3, "partLastByte": len(LAYER) - 1,
            "layerPartBlob": LAYER[3:],
        },
        # A part that comes again is out of its order.
        lambda w: raises("InvalidLayerPartException", lambda: w.ecr.upload_layer_part(
            **OF, uploadId=w.kept["upload"]["uploadId"], partFirstByte=3, partLastByte=3, layerPartBlob=b"x",
        )),
    ),
    change(
        "CompleteLayerUpload",
        lambda w: {**OF, "uploadId": w.kept["upload"]["uploadId"], "layerDigests": [digest(LAYER)]},
        lambda w: available(w, LAYER),
    ),
    lambda w: (upload(w, CONFIG), upload(w, SIGNATURE)),
    read(
        "BatchCheckLayerAvailability", {**OF, "layerDigests": [digest(CONFIG), digest(b"none")]},
        lambda w, out: [layer["layerAvailability"] for layer in out["layers"]] == ["AVAILABLE", "UNAVAILABLE"],
    ),
    read(
        "GetDownloadUrlForLayer", {**OF, "layerDigest": digest(LAYER)},
        lambda w, out: f"/v2/{NAME}/blobs/{digest(LAYER)}?" in out["downloadUrl"],
    ),
    change(
        "PutImage", {**OF, "imageManifest": IMAGE, "imageManifestMediaType": MANIFEST, "imageTag": "v1"},
        lambda w: described(w)[0]["imageTags"] == ["v1"],
    ),
    read(
        "BatchGetImage", {**OF, "imageIds": [{"imageTag": "v1"}, {"imageTag": "none"}]},
        lambda w, out: out["images"][0]["imageManifest"] == IMAGE and out["failures"][0]["failureCode"] == "ImageNotFound",
    ),
    read("ListImages", OF, lambda w, out: out["imageIds"] == [{"imageDigest": digest(IMAGE), "imageTag": "v1"}]),
    read(
        "DescribeImages", {**OF, "imageIds": [{"imageTag": "v1"}]},
        lambda w, out: out["imageDetails"][0]["imageDigest"] == digest(IMAGE)
        and out["imageDetails"][0]["imageSizeInBytes"] > 0,
    ),
    lambda w: w.ecr.put_image(**OF, imageManifest=SIGNED),
    read(
        "ListImageReferrers", {**OF, "subjectId": {"imageDigest": digest(IMAGE)}},
        lambda w, out: [one["digest"] for one in out["referrers"]] == [digest(SIGNED)], action="ecr:BatchGetImage",
    ),
    change(
        "PutImageTagMutability", {**OF, "imageTagMutability": "IMMUTABLE"},
        lambda w: repository(w)["imageTagMutability"] == "IMMUTABLE"
        and raises("ImageTagAlreadyExistsException", lambda: w.ecr.put_image(**OF, imageManifest=SIGNED, imageTag="v1")),
    ),
    change(
        "SetRepositoryPolicy", {**OF, "policyText": json.dumps(POLICY)},
        lambda w: w.client("ecr", "other").batch_get_image(
            registryId=ACCOUNT, **OF, imageIds=[{"imageTag": "v1"}]
        )["images"][0]["imageManifest"] == IMAGE,
    ),
    read("GetRepositoryPolicy", OF, lambda w, out: json.loads(out["policyText"]) == POLICY),
    change(
        "DeleteRepositoryPolicy", OF,
        lambda w: raises("AccessDeniedException", lambda: w.client("ecr", "other").batch_get_image(
            registryId=ACCOUNT, **OF, imageIds=[{"imageTag": "v1"}]
        )),
    ),
    change(
        "PutLifecyclePolicy", {**OF, "lifecyclePolicyText": LIFECYCLE},
        lambda w: w.ecr.get_lifecycle_policy(**OF)["lifecyclePolicyText"] == LIFECYCLE,
    ),
    read("GetLifecyclePolicy", OF, lambda w, out: out["lifecyclePolicyText"] == LIFECYCLE),
    change(
        "StartLifecyclePolicyPreview", OF,
        lambda w: w.ecr.get_lifecycle_policy_preview(**OF)["status"] == "COMPLETE",
    ),
    # What refers to an image is no image for a policy, so that there is only one.
    read(
        "GetLifecyclePolicyPreview", OF,
        lambda w, out: out["previewResults"] == [] and out["summary"]["expiringImageTotalCount"] == 0,
    ),
    change(
        "DeleteLifecyclePolicy", OF,
        lambda w: raises("LifecyclePolicyNotFoundException", lambda: w.ecr.get_lifecycle_policy(**OF)),
    ),
    change(
        "StartImageScan", TAGGED,
        lambda w: w.ecr.describe_image_scan_findings(**TAGGED)["imageScanStatus"]["status"] != "FAILED",
    ),
    read(
        "DescribeImageScanFindings", TAGGED,
        lambda w, out: out["imageId"]["imageDigest"] == digest(IMAGE) and out["imageScanStatus"]["status"],
    ),
    change(
        "PutImageScanningConfiguration", {**OF, "imageScanningConfiguration": {"scanOnPush": False}},
        lambda w: repository(w)["imageScanningConfiguration"]["scanOnPush"] is False,
    ),
    change(
        "PutRegistryScanningConfiguration",
        {"scanType": "BASIC", "rules": [{
            "scanFrequency": "SCAN_ON_PUSH", "repositoryFilters": [{"filter": "shop*", "filterType": "WILDCARD"}],
        }]},
        lambda w: w.ecr.batch_get_repository_scanning_configuration(repositoryNames=[NAME])[
            "scanningConfigurations"][0]["scanFrequency"] == "SCAN_ON_PUSH",
    ),
    read(
        "GetRegistryScanningConfiguration", {},
        lambda w, out: out["scanningConfiguration"]["rules"][0]["scanFrequency"] == "SCAN_ON_PUSH",
    ),
    read(
        "BatchGetRepositoryScanningConfiguration", {"repositoryNames": [NAME, "none"]},
        lambda w, out: out["failures"][0]["failureCode"] == "REPOSITORY_NOT_FOUND",
    ),
    change(
        "UpdateImageStorageClass", {**TAGGED, "targetStorageClass": "ARCHIVE"},
        lambda w: described(w, filter={"imageStatus": "ARCHIVED"})[0]["imageDigest"] == digest(IMAGE)
        and raises("ImageArchivedException", lambda: w.ecr.start_image_scan(**TAGGED)),
    ),
    lambda w: w.ecr.update_image_storage_class(**TAGGED, targetStorageClass="STANDARD"),
    change(
        "PutReplicationConfiguration", {"replicationConfiguration": {"rules": [{"destinations": [DESTINATION]}]}},
        lambda w: w.ecr.describe_registry()["replicationConfiguration"]["rules"][0]["destinations"] == [DESTINATION],
    ),
    read(
        "DescribeRegistry", {},
        lambda w, out: out["registryId"] == ACCOUNT
        and out["replicationConfiguration"]["rules"][0]["destinations"] == [DESTINATION],
    ),
    read(
        "DescribeImageReplicationStatus", TAGGED,
        lambda w, out: out["imageId"]["imageDigest"] == digest(IMAGE) and isinstance(out["replicationStatuses"], list),
    ),
    change("StartReplicationBackfill", {"destination": DESTINATION}, lambda w: len(backfills(w)) == 1, keep="backfill"),
    read(
        "ListReplicationBackfills", {},
        lambda w, out: [one["destination"] for one in out["backfills"]] == [DESTINATION],
    ),
    read(
        "DescribeReplicationBackfillResults",
        lambda w: {"replicationBackfillId": w.kept["backfill"]["replicationBackfillId"]},
        lambda w, out: out["destination"] == DESTINATION,
    ),
    change(
        "StopReplicationBackfill", lambda w: {"replicationBackfillId": w.kept["backfill"]["replicationBackfillId"]},
        lambda w: backfills(w)[w.kept["backfill"]["replicationBackfillId"]] in ("STOPPED", "STOPPING"),
    ),
    change(
        "PutRegistryPolicy", {"policyText": json.dumps(REGISTRY_POLICY)},
        lambda w: json.loads(w.ecr.get_registry_policy()["policyText"]) == REGISTRY_POLICY,
    ),
    read("GetRegistryPolicy", {}, lambda w, out: json.loads(out["policyText"]) == REGISTRY_POLICY),
    change(
        "DeleteRegistryPolicy", {},
        lambda w: raises("RegistryPolicyNotFoundException", lambda: w.ecr.get_registry_policy()),
    ),
    change(
        "CreatePullThroughCacheRule", {"ecrRepositoryPrefix": "quay", "upstreamRegistryUrl": "quay.io"},
        lambda w: rules(w)["quay"]["upstreamRegistry"] == "quay",
    ),
    read(
        "DescribePullThroughCacheRules", {"ecrRepositoryPrefixes": ["quay"]},
        lambda w, out: out["pullThroughCacheRules"][0]["upstreamRegistryUrl"] == "quay.io",
    ),
    secret,
    change(
        "UpdatePullThroughCacheRule", lambda w: {"ecrRepositoryPrefix": "quay", "credentialArn": w.kept["upstream"]},
        lambda w: rules(w)["quay"]["credentialArn"] == w.kept["upstream"],
    ),
    read("ValidatePullThroughCacheRule", {"ecrRepositoryPrefix": "quay"}, lambda w, out: out["isValid"] is True),
    change("DeletePullThroughCacheRule", {"ecrRepositoryPrefix": "quay"}, lambda w: rules(w) == {}),
    change(
        "CreateRepositoryCreationTemplate",
        {"prefix": "prod", "appliedFor": ["CREATE_ON_PUSH"], "imageTagMutability": "IMMUTABLE"},
        lambda w: templates(w)["prod"]["imageTagMutability"] == "IMMUTABLE",
    ),
    read(
        "DescribeRepositoryCreationTemplates", {"prefixes": ["prod", "none"]},
        lambda w, out: [one["prefix"] for one in out["repositoryCreationTemplates"]] == ["prod"],
    ),
    change(
        "UpdateRepositoryCreationTemplate", {"prefix": "prod", "description": "for production"},
        lambda w: templates(w)["prod"]["description"] == "for production",
    ),
    change("DeleteRepositoryCreationTemplate", {"prefix": "prod"}, lambda w: templates(w) == {}),
    change(
        "PutSigningConfiguration", {"signingConfiguration": {"rules": [{"signingProfileArn": PROFILE}]}},
        lambda w: w.ecr.describe_image_signing_status(**TAGGED)["signingStatuses"][0]["signingProfileArn"] == PROFILE,
    ),
    read(
        "GetSigningConfiguration", {},
        lambda w, out: out["signingConfiguration"]["rules"][0]["signingProfileArn"] == PROFILE,
    ),
    # There is no signer here, and nothing else is said.
    read("DescribeImageSigningStatus", TAGGED, lambda w, out: out["signingStatuses"][0]["status"] == "FAILED"),
    change(
        "DeleteSigningConfiguration", {},
        lambda w: raises("SigningConfigurationNotFoundException", lambda: w.ecr.get_signing_configuration()),
    ),
    change(
        "RegisterPullTimeUpdateExclusion", {"principalArn": READER},
        lambda w: w.ecr.list_pull_time_update_exclusions()["pullTimeUpdateExclusions"] == [READER],
    ),
    read("ListPullTimeUpdateExclusions", {}, lambda w, out: out["pullTimeUpdateExclusions"] == [READER]),
    change(
        "DeregisterPullTimeUpdateExclusion", {"principalArn": READER},
        lambda w: w.ecr.list_pull_time_update_exclusions()["pullTimeUpdateExclusions"] == [],
    ),
    change(
        "PutAccountSetting", {"name": "BLOB_MOUNTING", "value": "DISABLED"},
        lambda w: w.ecr.get_account_setting(name="BLOB_MOUNTING")["value"] == "DISABLED",
    ),
    read("GetAccountSetting", {"name": "BLOB_MOUNTING"}, lambda w, out: out["value"] == "DISABLED"),
    read("GetAuthorizationToken", {}, lambda w, out: password(out)),
    change(
        "BatchDeleteImage", {**OF, "imageIds": [{"imageTag": "v1"}]},
        lambda w: digest(IMAGE) not in [one["imageDigest"] for one in described(w)],
    ),
    change(
        "DeleteRepository", {**OF, "force": True},
        lambda w: raises("RepositoryNotFoundException", lambda: repository(w)),
    ),
]

CLI = [
    Cli(["ecr", "describe-repositories"], "ecr:DescribeRepositories", lambda out: isinstance(out["repositories"], list)),
    # The password itself is no JSON, so that the operation behind `get-login-password` is asked.
    Cli(["ecr", "get-authorization-token"], "ecr:GetAuthorizationToken", password),
]

MALFORMED = [
    Raw("ecr", "CreateRepository", {"repositoryName": "Shop"}, "InvalidParameterException"),
    Raw("ecr", "BatchGetImage", {"repositoryName": "shop", "imageIds": []}, "InvalidParameterException"),
]

PROBES = [Probe("ecr", "describe_repositories", "ecr:DescribeRepositories")]


def resource_policy(w):
    """A repository that denies one user, who may do everything by his own policy."""
    w.ecr.create_repository(repositoryName="denied")
    denies = json.loads(policy("Deny", "ecr:ListImages"))
    denies["Statement"][0] |= {"Principal": {"AWS": w.arn("allowed")}}
    w.ecr.set_repository_policy(repositoryName="denied", policyText=json.dumps(denies))
    return "ecr:ListImages", "with an explicit deny in a resource-based policy", lambda who: w.client("ecr", who).list_images(
        repositoryName="denied"
    )

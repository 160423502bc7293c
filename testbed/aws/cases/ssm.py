"""Parameter Store."""

from . import Cli, Probe, Raw, change, raises, read, tags

SECRET = "of-a-parameter-4d1c9a7e"
NAME = "/shop/db/password"


def value(w, name=NAME):
    return w.ssm.get_parameter(Name=name, WithDecryption=True)["Parameter"]["Value"]


def labels(w):
    return w.ssm.get_parameter_history(Name=NAME)["Parameters"][0].get("Labels", [])


OF = {"ResourceType": "Parameter", "ResourceId": NAME}

CASES = [
    change(
        "PutParameter", {"Name": NAME, "Value": SECRET, "Type": "SecureString"},
        lambda w: value(w) == SECRET,
    ),
    lambda w: w.ssm.put_parameter(Name="/shop/url", Value="https://shop.example.com", Type="String"),
    read(
        "GetParameter", {"Name": NAME, "WithDecryption": True},
        lambda w, out: out["Parameter"]["Value"] == SECRET and out["Parameter"]["ARN"].endswith(f":parameter{NAME}"),
    ),
    read(
        "GetParameters", {"Names": [NAME, "/shop/none"], "WithDecryption": True},
        lambda w, out: [found["Value"] for found in out["Parameters"]] == [SECRET]
        and out["InvalidParameters"] == ["/shop/none"],
    ),
    read(
        "GetParametersByPath", {"Path": "/shop", "Recursive": True},
        lambda w, out: sorted(found["Name"] for found in out["Parameters"]) == [NAME, "/shop/url"],
    ),
    read("DescribeParameters", {}, lambda w, out: {found["Name"] for found in out["Parameters"]} >= {NAME, "/shop/url"}),
    change(
        "LabelParameterVersion", {"Name": NAME, "ParameterVersion": 1, "Labels": ["live"]},
        lambda w: labels(w) == ["live"],
    ),
    read(
        "GetParameterHistory", {"Name": NAME, "WithDecryption": True},
        lambda w, out: [(found["Version"], found["Value"]) for found in out["Parameters"]] == [(1, SECRET)],
    ),
    change(
        "UnlabelParameterVersion", {"Name": NAME, "ParameterVersion": 1, "Labels": ["live"]},
        lambda w: labels(w) == [],
    ),
    change(
        "AddTagsToResource", {**OF, "Tags": [{"Key": "team", "Value": "shop"}]},
        lambda w: tags(w.ssm.list_tags_for_resource(**OF)["TagList"]) == {"team": "shop"},
    ),
    read("ListTagsForResource", OF, lambda w, out: tags(out["TagList"]) == {"team": "shop"}),
    change(
        "RemoveTagsFromResource", {**OF, "TagKeys": ["team"]},
        lambda w: w.ssm.list_tags_for_resource(**OF)["TagList"] == [],
    ),
    change(
        "DeleteParameter", {"Name": NAME},
        lambda w: raises("ParameterNotFound", lambda: w.ssm.get_parameter(Name=NAME)),
    ),
    change(
        "DeleteParameters", {"Names": ["/shop/url"]},
        lambda w: raises("ParameterNotFound", lambda: w.ssm.get_parameter(Name="/shop/url")),
    ),
]

CLI = [Cli(["ssm", "describe-parameters"], "ssm:DescribeParameters", lambda out: isinstance(out["Parameters"], list))]

MALFORMED = [
    Raw("ssm", "PutParameter", {"Name": "/x"}, "ValidationException"),
    Raw("ssm", "GetParameters", {"Names": []}, "ValidationException"),
]

PROBES = [Probe("ssm", "describe_parameters", "ssm:DescribeParameters")]

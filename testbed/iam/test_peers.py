"""What the peers are known to answer: `RINGWALL_IAM_PEERS=FILE python3 -m unittest`, or `cargo xtask iam-peers --test`.

FILE is what `cargo xtask iam-peers` prints. `known.jsonl` has lines on which Ringwall and every peer named agree with AWS;
no other peer may answer them without a remark. `differences.jsonl` has a line for each difference of
`docs/iam-differences.md`: when a peer no longer answers as it says there, the document is out of date.
"""

import json
import os
import pathlib
import subprocess
import unittest

from peers.formats import is_of_type
from peers.question import Question, matches

HERE = pathlib.Path(__file__).parent
VARIABLE = "RINGWALL_IAM_PEERS"


def lines(name):
    return [json.loads(line) for line in (HERE / name).read_text().splitlines()]


def ask(command, questions):
    text = "".join(json.dumps(question) + "\n" for question in questions)
    run = subprocess.run(command, input=text, capture_output=True, text=True, check=True)
    answers = [json.loads(line) for line in run.stdout.splitlines()]
    assert len(answers) == len(questions), run.stderr
    return answers


def outcome(answer):
    return answer.get("decision") or ("unsupported" if "unsupported" in answer else "error")


class Peers(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        if VARIABLE not in os.environ:
            raise unittest.SkipTest(f"{VARIABLE} does not say where the peers are")
        cls.commands = json.loads(pathlib.Path(os.environ[VARIABLE]).read_text())["peers"]

    def test_known_answers(self):
        known = lines("known.jsonl")
        for peer, command in self.commands.items():
            for one, answer in zip(known, ask(command, [one["question"] for one in known])):
                with self.subTest(peer=peer, line=one["name"]):
                    if peer in one["peers"]:
                        self.assertEqual(answer, {"decision": one["decision"]})
                    else:
                        self.assertTrue("unsupported" in answer or "differs" in answer, answer)

    def test_differences(self):
        for peer, command in self.commands.items():
            mine = [one for one in lines("differences.jsonl") if one["peer"] == peer]
            for one, answer in zip(mine, ask(command, [one["question"] for one in mine])):
                with self.subTest(peer=peer, difference=one["id"]):
                    self.assertEqual(outcome(answer), one["says"])
                    self.assertNotEqual(one["says"], one["aws"])
                    self.assertIn(one["id"], answer["differs"])

    def test_a_broken_line_is_an_error(self):
        for peer, command in self.commands.items():
            with self.subTest(peer=peer):
                self.assertIn("error", ask(command, [{"action": "s3:GetObject"}])[0])


class Differences(unittest.TestCase):
    def test_each_has_its_line_and_its_row(self):
        rows = (HERE / "../../docs/iam-differences.md").read_text()
        for one in lines("differences.jsonl"):
            with self.subTest(peer=one["peer"], difference=one["id"]):
                self.assertIn(f"| {one['peer']} | `{one['id']}` |", rows)

    def test_each_of_a_peer_has_a_line(self):
        import importlib

        witnessed = {(one["peer"], one["id"]) for one in lines("differences.jsonl")}
        for peer in sorted({peer for peer, _ in witnessed}):
            module = importlib.import_module(f"peers.{peer.replace('-', '_')}")
            for name in set(module.DIFFERS.values()):
                with self.subTest(peer=peer, difference=name):
                    self.assertIn((peer, name), witnessed)


class Features(unittest.TestCase):
    def features(self, **statement):
        statement = {"Effect": "Allow", "Action": "s3:GetObject", "Resource": "*", **statement}
        policy = {"name": "p", "policy": {"Version": "2012-10-17", "Statement": statement}}
        return Question(
            {
                "principal": "arn:aws:iam::111122223333:user/jane",
                "action": "s3:GetObject",
                "resource": "arn:aws:s3:::shop/a",
                "context": {"aws:TagKeys": ["a", "b"]},
                "policies": {"identity": [policy]},
            }
        ).features

    def test_nothing_special(self):
        expected = {"caller user", "layer identity"}
        self.assertEqual(self.features(), expected)

    def test_keys(self):
        self.assertIn("absent key", self.features(Condition={"StringEquals": {"aws:SourceVpc": "x"}}))
        self.assertIn("case of a key", self.features(Condition={"ForAnyValue:StringEquals": {"aws:tagkeys": "x"}}))
        self.assertIn(
            "several values without set operator", self.features(Condition={"StringEquals": {"aws:TagKeys": "x"}})
        )

    def test_values(self):
        def touched(operator, value):
            return self.features(Condition={operator: {"aws:TagKeys": value}})

        for operator, value in {
            "DateEquals": "2026-02-30",
            "NumericEquals": "ten",
            "Bool": "yes",
            "IpAddress": "10.0.0.0/33",
            "BinaryEquals": "a",
        }.items():
            with self.subTest(operator=operator):
                self.assertIn("value of another type", touched(operator, value))
        self.assertFalse(is_of_type("DateEquals", "2026-13-01"))
        self.assertTrue(is_of_type("DateEquals", "1780271999"))
        self.assertTrue(is_of_type("DateEquals", "2026-06"))
        self.assertTrue(is_of_type("StringEquals", "anything"))
        self.assertIn("case of a boolean", touched("Bool", "True"))
        self.assertIn("empty string in a condition", touched("StringEquals", ""))

    def test_patterns(self):
        self.assertIn("case of the action", self.features(Action="s3:getobject"))
        self.assertNotIn("case of the action", self.features(Action=["s3:GetObject", "s3:putobject"]))
        self.assertIn("absent variable", self.features(Resource="arn:aws:s3:::shop/${aws:userid}"))
        self.assertIn("wildcard before the resource part", self.features(Resource="arn:aws:s3:*:*:shop/a"))
        self.assertTrue(matches("a*?c", "abbc"))
        self.assertFalse(matches("a?c", "ac"))


if __name__ == "__main__":
    unittest.main()

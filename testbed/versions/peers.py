"""Asks each ecosystem's own program which of two versions is newer.

    peers.py record FOLDER            writes FOLDER/ECOSYSTEM.tsv: A, the answer, B; the answer is <, =, > or error
    peers.py check RINGWALL           asks the program `ringwall scan compare` the same, and tells each difference

`--seed N` and `--pairs N` make other pairs. A program that is not there is passed over, and said: dpkg; rpm (python3-rpm's
`rpm`, or the `rpm` command with Lua); node with npm's `semver` (NODE_PATH); Python `packaging`; java with Maven's
`maven-artifact` (MAVEN_ARTIFACT: the class path); ruby; php with composer/semver (COMPOSER_SEMVER: its src folder); go with
golang.org/x/mod in GOMODX (a folder with a go.mod that has it).
"""

import argparse
import json
import os
import random
import shutil
import subprocess
import sys
import tempfile

ALPHABET = {
    "debian": ["0", "1", "2", "9", "10", "01", "007", "20240101", ".", ".", ".", "-", "-", "~", "~~", "+", "a", "b", "rc", "dfsg",
               "ubuntu", "deb12u", "1:", "0:", "nmu", "git", "A", "~rc1", "+b1", "really", "_"],
    "redhat": ["0", "1", "2", "9", "10", "01", "20240101", ".", ".", ".", "-", "~", "^", "^git", "~rc", "+", "_", "a", "b", "el9",
               "fc38", "1:", "0:", ":", "alpha", "A", "..", "x86"],
    "semver": ["0", "1", "2", "10", "01", ".", ".", ".", "-", "-", "+", "alpha", "beta", "rc", "a", "x", "A", "v", "--", "0a"],
    "pypi": ["0", "1", "2", "10", "01", "1!", ".", ".", ".", "-", "_", "a", "alpha", "b", "beta", "c", "rc", "pre", "preview", "post",
             "rev", "r", "dev", ".dev", ".post", "+", "local", "v", "RC", "Post", "+1", "+abc.1", " "],
    "maven": ["0", "1", "2", "10", "01", ".", ".", ".", "-", "-", "alpha", "a", "b", "m", "beta", "milestone", "rc", "cr", "snapshot",
              "SNAPSHOT", "ga", "final", "release", "sp", "foo", "x", "RC", "jre", "_", "20040616"],
    "rubygems": ["0", "1", "2", "10", "01", ".", ".", ".", "-", "a", "b", "rc", "pre", "beta", "A", "z", "1a", "a1", " "],
    "packagist": ["0", "1", "2", "10", "01", ".", ".", ".", "-", "_", "+", "alpha", "beta", "b", "a", "RC", "rc", "dev", "patch", "pl",
                  "p", "stable", "x", "v", "dev-", "2024", "12", "@", "20240102", "master", "123", "*"],
}
ALPHABET["npm"] = ALPHABET["cargo"] = ALPHABET["go"] = ALPHABET["semver"]

BASES = {
    "debian": ["1.2.3-4", "1:2.3.4-5ubuntu1", "1.0~rc1-1", "2.36-9+deb12u14", "0.9.8k-7ubuntu8", "1.0", "7.88.1-10"],
    "redhat": ["1.2.3-4.el9", "1:2.3-5.fc38", "1.0~rc1-1", "1.0^git1-1", "3.0.7-24.el9_2.1", "1.0", "5.14.0-362"],
    "semver": ["1.2.3", "1.0.0-alpha.1", "1.0.0-rc.1+build.5", "2.10.0-0.3.7", "1.0.0-x-y-z.-", "10.20.30"],
    "pypi": ["1.0", "1.2.3", "1.0a1", "1.0b2.dev3", "1.0rc1", "1.0.post1", "1!2.0", "1.0.dev4", "1.0+ubuntu.1", "1.0.post1.dev2"],
    "maven": ["1.0", "1.2.3", "1.0-alpha-1", "1.0-SNAPSHOT", "1.0.0.RC1", "2.0.0.Final", "1-1.foo-bar1baz-.1", "31.1-jre", "1.0.sp"],
    "rubygems": ["1.0", "1.2.3", "1.0.a", "1.0.0.rc1", "2.0.0.beta.3", "1.0-x86", "5.1.0.pre2"],
    "packagist": ["1.0", "1.2.3", "v2.0.4-p1", "1.0.0-beta2", "2.0.0-RC1", "1.x-dev", "dev-master", "20240102", "2010-01-02", "1.0.0-dev",
                  "3.0-alpha.1", "2010.1.555"],
}
BASES["npm"] = BASES["cargo"] = BASES["semver"]
BASES["go"] = ["v" + base for base in BASES["semver"]] + ["v1", "v1.2", "v0.0.0-20240102030405-abcdef012345", "v2.0.0+incompatible"]


def version(random_, ecosystem):
    """One that looks like the ecosystem's: a usual one with a few changes, or pieces put together."""
    pieces = ALPHABET[ecosystem]
    if random_.random() < 0.2:
        return "".join(random_.choice(pieces) for _ in range(random_.randint(1, 7)))
    text = random_.choice(BASES[ecosystem])
    for _ in range(random_.randint(0, 3)):
        at = random_.randint(0, len(text))
        text = text[:at] + random_.choice(pieces) + text[at + random_.choice([0, 0, 1, 2]):]
    return text


def pairs(ecosystem, seed, count):
    """Pairs of which many differ in little."""
    random_ = random.Random(f"{ecosystem} {seed}")
    made = []
    while len(made) < count:
        a = version(random_, ecosystem)
        b = version(random_, ecosystem)
        if random_.random() < 0.6:
            at = random_.randint(0, len(a))
            b = a[:at] + random_.choice(ALPHABET[ecosystem]) + a[at + random_.choice([0, 0, 1]):]
        if a and b and "\t" not in a + b:
            made.append((a, b))
    return made


def lines(command, made, **kwargs):
    done = subprocess.run(command, input="".join(f"{a}\t{b}\n" for a, b in made), text=True, capture_output=True, check=False, **kwargs)
    told = done.stdout.splitlines()
    if len(told) != len(made):
        raise RuntimeError(f"{command[0]}: {len(told)} answers to {len(made)} questions: {done.stderr[-500:]}")
    return told


def debian(made):
    def one(a, b):
        for operator, sign in (("lt", "<"), ("eq", "="), ("gt", ">")):
            done = subprocess.run(["dpkg", "--compare-versions", "--", a, operator, b], capture_output=True, check=False)
            if done.returncode == 0:
                return sign
            if done.returncode != 1:
                return "error"
        return "error"
    return [one(a, b) for a, b in made]


def redhat(made):
    def quoted(text):
        return '"' + text.replace("\\", "\\\\").replace('"', '\\"') + '"'
    script = "".join(f"print(rpm.vercmp({quoted(a)},{quoted(b)}), '\\n') " for a, b in made)
    with tempfile.NamedTemporaryFile("w", suffix=".lua") as file:
        file.write(script)
        file.flush()
        told = subprocess.run(["rpmlua", file.name] if shutil.which("rpmlua") else ["rpm", "--eval", "%{lua:" + script + "}"],
                              text=True, capture_output=True, check=True).stdout.split()
    return [{"-1": "<", "0": "=", "1": ">"}[word] for word in told]


def npm(made):
    script = """
const semver = require('semver');
for (const line of require('fs').readFileSync(0, 'utf8').split('\\n').slice(0, -1)) {
  const [a, b] = line.split('\\t');
  try { console.log({'-1': '<', '0': '=', '1': '>'}[semver.compare(a, b)]); } catch { console.log('error'); }
}"""
    return lines(["node", "-e", script], made)


def pypi(made):
    from packaging.version import InvalidVersion, Version

    def one(a, b):
        try:
            a, b = Version(a), Version(b)
        except InvalidVersion:
            return "error"
        return "<" if a < b else ">" if a > b else "="
    return [one(a, b) for a, b in made]


def maven(made):
    source = """
import java.io.*;
import org.apache.maven.artifact.versioning.ComparableVersion;
public class Peer {
  public static void main(String[] args) throws Exception {
    BufferedReader in = new BufferedReader(new InputStreamReader(System.in, "UTF-8"));
    for (String line; (line = in.readLine()) != null; ) {
      String[] both = line.split("\\t", -1);
      int c = new ComparableVersion(both[0]).compareTo(new ComparableVersion(both[1]));
      System.out.println(c < 0 ? "<" : c > 0 ? ">" : "=");
    }
  }
}"""
    with tempfile.TemporaryDirectory() as folder:
        path = os.path.join(folder, "Peer.java")
        with open(path, "w", encoding="utf-8") as file:
            file.write(source)
        return lines(["java", "-cp", os.environ["MAVEN_ARTIFACT"], path], made)


def rubygems(made):
    script = """
STDIN.each_line do |line|
  a, b = line.chomp.split("\\t", -1)
  begin
    puts({-1 => "<", 0 => "=", 1 => ">"}[Gem::Version.new(a) <=> Gem::Version.new(b)])
  rescue ArgumentError
    puts "error"
  end
end"""
    return lines(["ruby", "-e", script], made)


def packagist(made):
    script = """
$src = getenv('COMPOSER_SEMVER');
require "$src/VersionParser.php"; require "$src/Constraint/ConstraintInterface.php"; require "$src/Constraint/Constraint.php";
require "$src/Comparator.php";
$parser = new Composer\\Semver\\VersionParser();
while (($line = fgets(STDIN)) !== false) {
  [$a, $b] = explode("\\t", rtrim($line, "\\n"));
  try {
    $a = $parser->normalize($a); $b = $parser->normalize($b);
    $dev = strpos($a, 'dev-') === 0 && strpos($b, 'dev-') === 0;
    echo Composer\\Semver\\Comparator::lessThan($a, $b) ? '<' : (Composer\\Semver\\Comparator::greaterThan($a, $b) ? '>' :
      ($dev && $a !== $b ? 'error' : '=')), "\\n";
  } catch (UnexpectedValueException $e) { echo "error\\n"; }
}"""
    return lines(["php", "-r", script], made)


def go(made):
    source = """
package main
import ("bufio"; "fmt"; "os"; "strings"; "golang.org/x/mod/semver")
func main() {
  in := bufio.NewScanner(os.Stdin)
  for in.Scan() {
    both := strings.SplitN(in.Text(), "\\t", 2)
    if !semver.IsValid(both[0]) || !semver.IsValid(both[1]) { fmt.Println("error"); continue }
    fmt.Println([]string{"<", "=", ">"}[semver.Compare(both[0], both[1])+1])
  }
}"""
    # The vulnerability database of Go leaves the `v` out, so that both forms are read.
    made = [tuple(text if text.startswith("v") else "v" + text for text in pair) for pair in made]
    folder = os.environ["GOMODX"]
    with open(os.path.join(folder, "main.go"), "w", encoding="utf-8") as file:
        file.write(source)
    return lines(["go", "run", "."], made, cwd=folder)


PEERS = {"debian": debian, "redhat": redhat, "npm": npm, "pypi": pypi, "maven": maven, "rubygems": rubygems, "packagist": packagist,
         "go": go}


def main():
    arguments = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    arguments.add_argument("what", choices=["record", "check"])
    arguments.add_argument("where", nargs="+")
    arguments.add_argument("--seed", type=int, default=1)
    arguments.add_argument("--pairs", type=int, default=400)
    arguments.add_argument("--only", choices=PEERS)
    given = arguments.parse_args()
    differences = 0
    for ecosystem, ask in PEERS.items():
        if given.only not in (None, ecosystem):
            continue
        made = pairs(ecosystem, given.seed, given.pairs)
        try:
            told = ask(made)
        except (OSError, KeyError, ImportError, RuntimeError, subprocess.CalledProcessError) as why:
            print(f"{ecosystem}: passed over: {why!r}", file=sys.stderr)
            continue
        if given.what == "record":
            with open(os.path.join(given.where[0], f"{ecosystem}.tsv"), "w", encoding="utf-8") as file:
                file.writelines(f"{a}\t{answer}\t{b}\n" for (a, b), answer in zip(made, told))
            continue
        ours = lines([*given.where, "scan", "compare", "--ecosystem", ecosystem, "--batch", "-"], made)
        for (a, b), expected, answer in zip(made, told, ours):
            if expected != answer.split(":")[0]:
                differences += 1
                print(json.dumps({"ecosystem": ecosystem, "a": a, "b": b, "theirs": expected, "ours": answer}))
        print(f"{ecosystem}: {len(made)} pairs", file=sys.stderr)
    return 1 if differences else 0


if __name__ == "__main__":
    sys.exit(main())

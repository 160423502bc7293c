"""Commands as people type them: shown, run, and what they say, a numbered step at a time."""

import os
import shlex
import subprocess
import sys
import textwrap
import time

# Columns of the longest line; what stands before a command, and before what it says.
WIDTH, INDENT, DEEPER = 100, "    ", "      "

# Seconds for one command on a machine that has other work, and for a change to be known everywhere.
COMMAND, PATIENCE = 120, 90

STYLES = {"title": "1", "prompt": "36", "refused": "31", "comment": "2", "held": "32"}


class Broken(Exception):
    """Something that does not hold."""


class Stage:
    def __init__(self, folder):
        """Commands run in `folder`; `environments` is to have the variables of each who runs them."""
        self.folder, self.environments = folder, {}
        self.steps, self.title = 0, "the start"
        self.has_colour = sys.stdout.isatty() and not os.environ.get("NO_COLOR")

    def paint(self, style, text):
        return f"\x1b[{STYLES[style]}m{text}\x1b[0m" if self.has_colour else text

    def step(self, title):
        """Begins the next step; its number."""
        self.steps += 1
        self.title = title
        print(f"\n{self.paint('title', f'{self.steps:>2}  {title}')}\n", flush=True)
        return self.steps

    def print(self, text, style=None, indent=DEEPER):
        for line in text.splitlines():
            print(indent + (self.paint(style, line) if style else line) if line else "", flush=True)

    def say(self, text, style=None):
        """Sentences, in lines that fit."""
        self.print("\n".join(textwrap.wrap(text, WIDTH - len(DEEPER), break_on_hyphens=False)), style)

    def comment(self, text):
        lines = textwrap.wrap(text, WIDTH - len(INDENT) - len("# "), break_on_hyphens=False)
        self.print("\n".join("# " + line for line in lines), "comment", INDENT)

    def table(self, rows):
        """Rows of equal length, whose last column is broken where it has to be."""
        widths = [max(map(len, column)) for column in zip(*rows)][:-1]
        left = sum(widths) + 2 * len(widths)
        for row in rows:
            first, *more = textwrap.wrap(row[-1], WIDTH - len(DEEPER) - left, break_on_hyphens=False) or ["-"]
            self.print("".join(cell.ljust(width + 2) for cell, width in zip(row, widths)) + first)
            self.print("\n".join(" " * left + line for line in more))

    def run(self, who, line, fails=False, wait=False, shown=True, into=None):
        """Shows and runs a command; what it printed, or its messages if it is to fail.

        `wait` runs it until it does so, for what becomes true a little later. `into` is a file that takes the output.
        """
        self.command(who, f"{line} > {into.relative_to(self.folder)}" if into else line)
        end = time.monotonic() + (PATIENCE if wait else 0)
        while True:
            done = subprocess.run(
                shlex.split(line), cwd=self.folder, env=self.environments[who], stdin=subprocess.DEVNULL,
                capture_output=True, text=True, timeout=COMMAND,
            )
            has_failed = done.returncode != 0
            if has_failed == fails or time.monotonic() > end:
                break
            time.sleep(0.5)
        if has_failed != fails:
            raise Broken(f"`{line}` did not fail" if fails else f"`{line}` failed: {done.stderr.strip()}")
        if fails:
            self.say(done.stderr.strip(), "refused")
            return done.stderr
        text = done.stdout.strip()
        if into:
            into.parent.mkdir(parents=True, exist_ok=True)
            into.write_text(text)
        elif shown:
            self.print(text)
        return text

    def command(self, who, line):
        """The command as it can be typed, broken before an option where it is too long."""
        prompt = f"{who}$ "
        rows, room = [""], WIDTH - len(INDENT) - len(prompt) - len(" \\")
        for part in line.replace(" --", "\0--").replace(" > ", "\0> ").split("\0"):
            if rows[-1] and len(rows[-1]) + 1 + len(part) > room:
                rows.append("  " + part)
            else:
                rows[-1] = f"{rows[-1]} {part}".lstrip() if len(rows) == 1 else f"{rows[-1]} {part}"
        first, *more = rows
        after = [" " * len(prompt) + row for row in more]
        self.print(self.paint("prompt", prompt) + " \\\n".join([first, *after]), indent=INDENT)

    def hold(self, holds, what):
        if not holds:
            raise Broken(what)

"""Checks Markdown: lengths of paragraphs, sentences and lines, and where relative links lead. scripts/docs.sh says how."""

import json
import re
import subprocess
import sys
import tempfile
from collections import namedtuple
from pathlib import Path

PARAGRAPH_WORDS_MAX = 80
SENTENCE_WORDS_MAX = 35
LINE_CHARACTERS_MAX = 120
KINDS = (".md", ".rs", ".sh", ".toml", ".yml")

Fault = namedtuple("Fault", "file line kind fact")
Block = namedtuple("Block", "line text")

FENCE = re.compile(r"^\s*(```|~~~)")
HEADING = re.compile(r"^#{1,6}\s+(.*?)\s*#*\s*$")
ITEM = re.compile(r"^\s*(?:[-*+]|\d+[.)])\s+")
CODE = re.compile(r"(`+)(.+?)\1", re.DOTALL)
LINK = re.compile(r"!?\[((?:[^\[\]]|\[[^\]]*\])*)\]\(\s*<?([^()\s>]+)>?(?:\s+\"[^\"]*\")?\s*\)")
DEFINITION = re.compile(r"^\s{0,3}\[[^\]]+\]:\s+(\S+)", re.MULTILINE)
EXPLICIT_ANCHOR = re.compile(r"<a\s+(?:id|name)=\"([^\"]+)\"")
ELSEWHERE = re.compile(r"^[a-z][a-z0-9+.-]*:", re.IGNORECASE)
NAMED_ANCHOR = re.compile(r"([\w./-]*\w\.md)#([\w-]+)")
# What ends with a full stop and ends no sentence.
ABBREVIATION = re.compile(r"\b(e\.g|i\.e|vs|cf|approx|no)\.", re.IGNORECASE)
SENTENCE_END = re.compile(r"(?<=[.!?])[\"')\]*_]*\s+(?=[^a-z\s])")
STOPS = str.maketrans({".": "\u2024", "!": "\u01c3", "?": "\u0294"})


def words(text):
    return sum(1 for token in text.split() if any(c.isalnum() for c in token))


def outside_code(text):
    """The lines, those of code blocks emptied, so that lines keep their numbers."""
    lines, fence = [], None
    for line in text.split("\n"):
        mark = FENCE.match(line)
        if fence is None and mark:
            fence = mark.group(1)
            lines.append("")
        elif fence is not None:
            if mark and mark.group(1) == fence:
                fence = None
            lines.append("")
        else:
            lines.append(line)
    return lines


def is_table(line):
    return line.lstrip().startswith("|")


def blocks(lines):
    """Paragraphs and list items, each with the number of its first line."""
    found, first, parts = [], 0, []

    def end():
        nonlocal parts
        if parts:
            found.append(Block(first, " ".join(parts)))
        parts = []

    for number, line in enumerate(lines, 1):
        bare = re.sub(r"^\s*>\s?", "", line)
        if not bare.strip() or is_table(bare) or HEADING.match(bare):
            end()
            continue
        if ITEM.match(bare):
            end()
            bare = ITEM.sub("", bare)
        if not parts:
            first = number
        parts.append(bare.strip())
    end()
    return found


def prose(text):
    """What is read of a block: link texts without their targets, and no full stop inside code."""
    text = LINK.sub(lambda link: link.group(1), text)
    text = CODE.sub(lambda code: code.group(0).translate(STOPS), text)
    return ABBREVIATION.sub(lambda short: short.group(0).translate(STOPS), text)


def shown(text):
    text = text.translate({ord(v): k for k, v in ((chr(k), v) for k, v in STOPS.items())})
    return " ".join(text.split()[:8])


def anchors(text):
    """The anchors of a file, as GitHub makes them of its headings."""
    seen, found = {}, set(EXPLICIT_ANCHOR.findall(text))
    for line in outside_code(text):
        heading = HEADING.match(line)
        if not heading:
            continue
        title = LINK.sub(lambda link: link.group(1), heading.group(1)).lower()
        slug = re.sub(r"[^\w\- ]", "", title).replace(" ", "-")
        times = seen.get(slug, 0)
        seen[slug] = times + 1
        found.add(f"{slug}-{times}" if times else slug)
    return found


class Documents:
    def __init__(self, root, files):
        self.root = root
        self.files = files
        self.known = {}

    def anchors(self, path):
        if path not in self.known:
            self.known[path] = anchors(path.read_text(encoding="utf-8"))
        return self.known[path]

    def faults(self):
        for name in self.files:
            path = self.root / name
            if not path.is_file():
                continue
            try:
                text = path.read_text(encoding="utf-8")
            except UnicodeDecodeError:
                continue
            if name.endswith(".md"):
                yield from self.of_document(name, text)
            else:
                yield from self.of_source(name, text)

    def of_document(self, name, text):
        lines = outside_code(text)
        for number, line in enumerate(lines, 1):
            if len(line) > LINE_CHARACTERS_MAX and not is_table(line):
                yield Fault(name, number, "line", f"line of {len(line)} characters; at most {LINE_CHARACTERS_MAX}")
        for block in blocks(lines):
            text = prose(block.text)
            if (count := words(text)) > PARAGRAPH_WORDS_MAX:
                fact = f"paragraph of {count} words; at most {PARAGRAPH_WORDS_MAX}: {shown(text)} …"
                yield Fault(name, block.line, "paragraph", fact)
            for sentence in SENTENCE_END.split(text):
                if (count := words(sentence)) > SENTENCE_WORDS_MAX:
                    fact = f"sentence of {count} words; at most {SENTENCE_WORDS_MAX}: {shown(sentence)} …"
                    yield Fault(name, block.line, "sentence", fact)
        # Code shows links as they are written; it makes none.
        linked = CODE.sub(lambda code: re.sub(r"[^\n]", "x", code.group(0)), "\n".join(lines))
        for found, group in [(link, 2) for link in LINK.finditer(linked)] + [(link, 1) for link in DEFINITION.finditer(linked)]:
            line = linked.count("\n", 0, found.start()) + 1
            if fact := self.broken(name, found.group(group)):
                yield Fault(name, line, "link", fact)

    def broken(self, name, target):
        if ELSEWHERE.match(target):
            return None
        file, _, anchor = target.partition("#")
        path = (self.root / name).parent / file if file else self.root / name
        if not path.exists():
            return f"link to {target}: there is no such file"
        if anchor and path.suffix == ".md" and anchor not in self.anchors(path):
            return f"link to {target}: no heading has that anchor"
        return None

    def of_source(self, name, text):
        """A source file names documents by their path from the root, or with a base before it."""
        for number, line in enumerate(text.split("\n"), 1):
            for file, anchor in NAMED_ANCHOR.findall(line):
                path = self.root / file
                if not path.is_file():
                    yield Fault(name, number, "link", f"{file}#{anchor}: there is no such file")
                elif anchor not in self.anchors(path):
                    yield Fault(name, number, "link", f"{file}#{anchor}: no heading has that anchor")


def listed(root):
    """What git knows or would take: nothing that is built."""
    command = ["git", "ls-files", "--cached", "--others", "--exclude-standard", "-z", "--", *(f"*{kind}" for kind in KINDS)]
    done = subprocess.run(command, cwd=root, capture_output=True, check=True, text=True)
    return sorted(set(filter(None, done.stdout.split("\0"))))


SELFTEST = [
    # kind, file, text; None is what has to pass.
    ("paragraph", "a.md", "\n".join(["One two three four five."] * 17)),
    ("paragraph", "a.md", "- item\n- " + "\n  ".join(["One two three four five."] * 17)),
    (None, "a.md", "\n".join(["One two three four five."] * 16)),
    (None, "a.md", "\n".join(["- One two three four five."] * 17)),
    ("sentence", "a.md", "word\n" * 36),
    ("sentence", "a.md", "word " * 20 + "`a.b. C` " + "word\n" * 16),
    (None, "a.md", "word " * 20 + "end. " + "Word\n" * 20),
    ("line", "a.md", "x" * 121),
    (None, "a.md", "x" * 120),
    (None, "a.md", "| " + "word " * 90 + "|"),
    (None, "a.md", "```\n" + "word " * 90 + "[x](nowhere.md)\n```"),
    ("link", "a.md", "[x](nowhere.md)"),
    ("link", "a.md", "| [x](nowhere.md) |"),
    ("link", "a.md", "[x]: nowhere.md"),
    ("link", "a.md", "# Heading\n\n[a link\nover lines](#other)"),
    ("link", "a.md", "[x](b.md#other)"),
    (None, "a.md", "# A `heading`'s end\n\n[x](#a-headings-end) [x](b.md#there-1) [x](https://a.b/c) `[x](nowhere.md)`"),
    ("link", "a.rs", '"see b.md#nowhere"'),
    ("link", "a.yml", "runbook_url: nowhere.md#there"),
    (None, "a.rs", '"see b.md#there, or b.md#{}"'),
]


def selftest():
    failed = 0
    for kind, name, text in SELFTEST:
        with tempfile.TemporaryDirectory() as folder:
            root = Path(folder)
            (root / "b.md").write_text("# There\n\n# There\n", encoding="utf-8")
            (root / name).write_text(text, encoding="utf-8")
            found = {fault.kind for fault in Documents(root, [name]).faults()}
        if found != ({kind} if kind else set()):
            failed += 1
            print(f"selftest: expected {kind}, found {sorted(found)} in {text[:60]!r}", file=sys.stderr)
    print(f"selftest: {len(SELFTEST) - failed} of {len(SELFTEST)} cases hold", file=sys.stderr)
    return failed == 0


def main(arguments):
    if arguments == ["--selftest"]:
        return 0 if selftest() else 1
    if arguments not in ([], ["--json"]):
        print("usage: docs.sh [--json | --selftest]", file=sys.stderr)
        return 2
    root = Path.cwd()
    faults = sorted(Documents(root, listed(root)).faults())
    for fault in faults:
        print(json.dumps(fault._asdict(), ensure_ascii=False) if arguments else f"{fault.file}:{fault.line}: {fault.fact}")
    if faults:
        print(f"{len(faults)} faults in the documents", file=sys.stderr)
    return 1 if faults else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))

#!/usr/bin/env python3
"""Checks that no function is longer than a screen: 60 lines, all counted.

C++ is formatted by clang-format, so that braces tell where functions are, JavaScript by biome, so
that indentation does; Python is parsed.
"""

import ast
import re
import sys
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
FOLDERS = ["core", "cli", "python", "gdb_scripts", "lldb_plugin", "web", "tests", "scripts"]
# What is not ours, or made when building.
OTHERS = {"node_modules", "build", "__pycache__"}
MOST_LINES = 60
# What is longer still, and may not grow.
LONGER: dict[str, int] = {}
# What a brace opens that may have functions inside.
SCOPE = re.compile(r"\b(namespace|class|struct|union|enum|extern)\b(?!.*\boperator\b)")
JS_FUNCTION = re.compile(
    r"\bfunction\b|=>"
    r"|^\s*(?!(?:if|for|while|switch|catch)\b)(?:(?:static|async|get|set) )*#?\w+\([^;]*\) \{$"
)
PYTHON = b"#!/usr/bin/env python3"
LITERAL = re.compile(
    r"""R"(?P<mark>[^(]*)\(.*?\)(?P=mark)"|//[^\n]*|/\*.*?\*/|"(?:\\.|[^"\\\n])*"|(?<![0-9a-fA-F])'(?:\\.|[^'\\\n])+'""",
    re.DOTALL,
)


def without_literals(text: str) -> str:
    """Comments, strings and characters become blanks, lines stay."""
    return LITERAL.sub(lambda found: re.sub(r"[^\n]", " ", found.group()), text)


def cpp_functions(text: str) -> Iterator[tuple[int, int]]:
    """First and last line of each function, with its head."""
    text = re.sub(r"^\s*#.*$", "", without_literals(text), flags=re.MULTILINE)
    start = 0  # of the declaration that is being read
    depth = 0  # of braces inside of a function, 0: outside
    line = 1
    first, data = 1, False
    for at, c in enumerate(text):
        if c == "\n":
            line += 1
        elif depth == 0 and c in ";}":
            start = at + 1
        elif c == "{":
            head = text[start:at]
            if (
                depth == 0
                and SCOPE.search(head)
                and "=" not in head
                and not head.rstrip().endswith(")")
            ):
                start = at + 1
                continue
            if depth == 0:
                data = head.rstrip().endswith("=")  # a table is as long as what it tells
                first = line - len(head.lstrip().split("\n")) + 1
            depth += 1
        elif c == "}":
            depth -= 1
            if depth == 0:
                start = at + 1
                if not data:
                    yield first, line


def python_functions(text: str) -> Iterator[tuple[int, int]]:
    for node in ast.walk(ast.parse(text)):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            yield node.lineno, node.end_lineno or node.lineno


def js_functions(text: str) -> Iterator[tuple[int, int]]:
    """Functions with a name, and those that are values: what is indented deeper than the line that
    begins them is theirs."""
    lines = without_literals(text).split("\n")
    for at, line in enumerate(lines):
        if not JS_FUNCTION.search(line):
            continue
        indent = indentation(line)
        last = at
        for next_at in range(at + 1, len(lines)):
            text_of = lines[next_at].strip()
            if not text_of or indentation(lines[next_at]) > indent:
                continue
            closes = indentation(lines[next_at]) == indent and text_of[0] in ")]}"
            last = next_at if closes else next_at - 1
            # The end of the parameters, or of a value that something is called on, is not the end.
            if not closes or not text_of.endswith(("{", "(", "[", "=>")):
                break
        else:
            last = len(lines) - 1
        while not lines[last].strip():
            last -= 1
        yield at + 1, last + 1


def indentation(line: str) -> int:
    return len(line) - len(line.lstrip())


def functions_of(path: Path) -> Iterator[tuple[int, int]]:
    if path.suffix in {".cpp", ".c", ".h"}:
        return cpp_functions(path.read_text())
    if path.suffix in {".js", ".mjs"}:
        return js_functions(path.read_text())
    # Scripts have no ending.
    if path.suffix == ".py" or (not path.suffix and path.read_bytes()[:64].startswith(PYTHON)):
        return python_functions(path.read_text())
    return iter(())


def long_functions(most: int = MOST_LINES, folders: list[str] = FOLDERS) -> list[str]:
    found = []
    for folder in folders:
        for path in sorted((ROOT / folder).rglob("*")):
            if not path.is_file() or OTHERS.intersection(path.relative_to(ROOT).parts):
                continue
            name = str(path.relative_to(ROOT))
            for first, last in functions_of(path):
                if last - first + 1 > most:
                    found.append(f"{name}:{first}: {last - first + 1} lines, at most {most}")
    return found


def test_no_function_is_longer_than_a_screen() -> None:
    assert long_functions() == []


def test_functions_are_seen() -> None:
    text = """\
namespace a {
constexpr char kBrace = '{';
struct S {
  int f() const { return 1; }
  // } in a comment
  void g(
      int x) {
    if (x) {
    }
  }
};
}  // namespace a
"""
    assert list(cpp_functions(text)) == [(4, 4), (6, 10)]
    for folder in FOLDERS:
        assert long_functions(20, [folder]), folder


def test_functions_of_javascript_are_seen() -> None:
    text = """\
export function f(
  a,
) {
  const g = (b) =>
    b + 1;

  return {
    // a { in a comment
    h(c) {
      if (c) {
        return "}";
      }
    },
  };
}

const table = [1].map((one) => ({
  one,
}));

const last = () => f();
"""
    assert list(js_functions(text)) == [(1, 15), (4, 5), (9, 13), (17, 19), (21, 21)]


if __name__ == "__main__":
    wrong = long_functions()
    print("\n".join(wrong) or "functions: ok")
    sys.exit(1 if wrong else 0)

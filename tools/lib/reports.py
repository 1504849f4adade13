"""Reads what test programs report: CTest's JUnit files and the lines of python3 -m unittest -v."""

import re
import xml.etree.ElementTree

from stage import Result

UNITTEST_LINE = re.compile(r"^(\w+) \([\w.]+\).* \.\.\. .*?(ok|FAIL|ERROR|skipped (['\"]).*\3)$", re.M)
UNITTEST_SKIP = re.compile(r"skipped (['\"])(?P<reason>.*)\1$", re.M)
GTEST_SKIP = re.compile(r"^.*: Skipped\n(?P<reason>.+)$", re.M)
EXIT_SKIP = re.compile(r"^skipped: (?P<reason>.+)$", re.M)  # what a script prints before it exits with 77


def read_unittest(text):
    results = []
    for match in UNITTEST_LINE.finditer(text):
        name, verdict = match[1], match[2]
        if verdict.startswith("skipped"):
            results.append(Result(name, "skipped", UNITTEST_SKIP.search(verdict)["reason"]))
        else:
            results.append(Result(name, "passed" if verdict == "ok" else "failed"))
    return results


def read_junit(path):
    """One result for each of CTest's tests, and one for each skip inside a Python test that it ran."""
    results = []
    for case in xml.etree.ElementTree.parse(path).getroot().iter("testcase"):
        name, output = case.get("name"), case.findtext("system-out") or ""
        if case.find("failure") is not None or case.get("status") == "fail":
            results.append(Result(name, "failed"))
        elif case.find("skipped") is not None or case.get("status") in ("notrun", "disabled"):
            results.append(skip_or_missing(name, case, output))
        else:
            results.append(Result(name, "passed"))
            inner = (inner for inner in read_unittest(output) if inner.verdict == "skipped")
            results += [Result(f"{name}: {skip.name}", "skipped", skip.reason) for skip in inner]
    return results


def skip_or_missing(name, case, output):
    """CTest files a test whose program was never built under the skipped ones: that is a failure."""
    message = (case.find("skipped").get("message") or "") if case.find("skipped") is not None else ""
    if "Unable to find" in message or "Required Files" in message:
        return Result(name, "failed", message)
    said = GTEST_SKIP.search(output) or EXIT_SKIP.search(output) or UNITTEST_SKIP.search(output)
    return Result(name, "skipped", said["reason"].strip() if said else message or "no reason given")

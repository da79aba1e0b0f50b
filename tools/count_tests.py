"""Counts the test cases that a `bazel test` ran, from its build events.

usage: count_tests.py EVENTS [NAME:passed|failed]...

Prints the names of the targets that failed and, as the last line, "N passed, N
failed"; other checks are counted as given. Exits with 1 if one failed or none
ran.
"""

import json
import sys
import urllib.parse
import xml.etree.ElementTree


def cases(url):
    """Returns (run, failed) of one test.xml."""
    path = urllib.parse.unquote(urllib.parse.urlparse(url).path)
    try:
        root = xml.etree.ElementTree.parse(path).getroot()
    except (OSError, xml.etree.ElementTree.ParseError):
        return 0, 0
    run = failed = 0
    for suite in root.iter("testsuite"):
        skipped = int(suite.get("skipped", 0)) + int(suite.get("disabled", 0))
        run += int(suite.get("tests", 0)) - skipped
        failed += int(suite.get("failures", 0)) + int(suite.get("errors", 0))
    return run, failed


def main(events, checks):
    passed = failed = 0
    failures = []
    with open(events, encoding="utf-8") as lines:
        for line in lines:
            event = json.loads(line)
            label = event.get("id", {}).get("testResult", {}).get("label")
            if label:
                result = event["testResult"]
                outputs = {o["name"]: o.get("uri", "")
                           for o in result.get("testActionOutput", [])}
                case_count, case_failures = cases(outputs.get("test.xml", ""))
                if result["status"] != "PASSED":
                    failures.append(label)
                    case_failures = max(case_failures, 1)
                elif case_count == 0:
                    case_count = 1  # A script without a report of its own.
                passed += max(case_count - case_failures, 0)
                failed += case_failures
            aborted = event.get("aborted")
            if aborted and aborted.get("reason") not in (None, "SKIPPED"):
                target = event["id"].get("targetCompleted", {}).get("label")
                if target:
                    failures.append(target + " (not built)")
                    failed += 1
            completed = event["id"].get("targetCompleted")
            if completed and not aborted and "completed" in event:
                if not event["completed"].get("success"):
                    failures.append(completed["label"] + " (not built)")
                    failed += 1
    for check in checks:
        name, _, outcome = check.rpartition(":")
        if outcome == "passed":
            passed += 1
        else:
            failures.append(name)
            failed += 1
    for name in failures:
        print("FAILED:", name)
    print(f"{passed} passed, {failed} failed")
    return 1 if failed or not passed else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1], sys.argv[2:]))

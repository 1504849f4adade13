"""hoist and the reference judge the same files: by the rows of the table, and by thousands of mutations of them."""

import collections
import pathlib
import tempfile
import unittest

import differences
import mutations
import probe
import reference
import row
import table


def matches(verdict, expected):
    return verdict != "ok" if expected == row.REJECT else verdict == expected


class Verdicts(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.folder = pathlib.Path(folder.name)

    def write(self, files):
        paths = []
        for data in files:
            paths.append(self.folder / str(len(paths)))
            paths[-1].write_bytes(data)
        return paths

    def test_every_row_of_the_table_gets_the_verdicts_that_it_says(self):
        cases = [(case, data) for case in table.rows() for data in case.files]
        paths = self.write(data for _, data in cases)
        for (case, data), path, (compatible, strict) in zip(cases, paths, probe.verdicts(paths)):
            with self.subTest(case.name, file=data[:200]):
                self.assertEqual(reference.reads(data) is not None, case.reference, "deserialize")
                self.assertEqual(reference.opens(path), case.reference, "safe_open")
                self.assertTrue(
                    matches(compatible, case.compatible), f"compatible: {compatible}, not {case.compatible}"
                )
                self.assertTrue(matches(strict, case.strict), f"strict: {strict}, not {case.strict}")
        print(f"{len(cases)} files", end=" ... ")

    def test_mutations_are_accepted_by_the_reference_too_or_refused_for_a_known_reason(self):
        files = list(mutations.generate(count=20_000, seed=3))
        paths = self.write(files)
        reasons = collections.Counter()
        both = []
        for data, path, (compatible, strict) in zip(files, paths, probe.verdicts(paths)):
            found = reference.reads(data)
            with self.subTest(file=data[:400]):
                if found is None:
                    self.assertNotEqual(compatible, "ok", "hoist accepts what the reference refuses")
                elif compatible == "ok":
                    both.append((path, found))
                else:
                    reason = differences.why_refused(data)
                    self.assertIsNotNone(reason, f"hoist refuses with {compatible} what the reference accepts")
                    reasons[reason] += 1
                if strict == "ok":
                    self.assertEqual(compatible, "ok", "strict accepts what compatible refuses")
                elif compatible == "ok":
                    reason = differences.why_not_strict(data)
                    self.assertIsNotNone(reason, f"strict refuses with {strict} what compatible accepts")
                    reasons[f"strict: {reason}"] += 1
        self.check_contents(both)
        print(f"{len(both)} of {len(files)} accepted by both; {dict(reasons)}", end=" ... ")
        self.assertGreater(len(both), 500)

    def check_contents(self, accepted):
        """What both accept, both read alike."""
        for (path, expected), (tensors, _) in zip(accepted, probe.contents([path for path, _ in accepted])):
            with self.subTest(file=path.read_bytes()[:400]):
                found = [(name, dtype, shape, data) for name, dtype, shape, _, data in tensors]
                self.assertEqual(sorted(found), sorted(expected))


if __name__ == "__main__":
    unittest.main()

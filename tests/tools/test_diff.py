"""hoist diff: what is the same, what is not, and by how much."""

import json
import math
import os
import re
import struct
import subprocess
import unittest

from support import BITS, COMMAND, CommandTest, file_bytes, floats, is_sanitized, run_on_terminal

NAN, INF = float("nan"), float("inf")
F64_ONE_UP = 1 + 2**-52


class Diff(CommandTest):
    def two(self, dtype, shape, a, b):
        """Two files with one tensor each, t."""
        return (self.model(("t", dtype, shape, a), name="a"), self.model(("t", dtype, shape, b), name="b"))

    def different(self, dtype, shape, a, b, *arguments):
        """What is said of the one tensor, which must differ."""
        answer = self.json("diff", *self.two(dtype, shape, a, b), *arguments, status=1)
        self.assertFalse(answer["same"])
        self.assertEqual(len(answer["different"]), 1)
        return answer["different"][0]

    def largest(self, *arguments):
        found = self.different(*arguments)
        return [(found[key]["difference"], found[key]["index"]) for key in ("largest_absolute", "largest_relative")]

    def same(self, dtype, shape, a, b, *arguments):
        answer = self.json("diff", *self.two(dtype, shape, a, b), *arguments)
        self.assertTrue(answer["same"])
        return answer["counts"]


class Tensors(Diff):
    def pair(self):
        return [("a", "F32", [2, 3], floats(*range(6))), ("b", "U8", [4], b"1234")]

    def test_a_file_is_the_same_as_itself(self):
        path = self.model(*self.pair(), metadata={"format": "pt"})
        self.assertEqual(self.expect(0, "diff", path, path), "the same: 2 tensors, 28 B\n")
        self.assertEqual(self.json("diff", path, path), {
            "same": True, "only_in_a": [], "only_in_b": [], "different": [], "metadata": [],
            "counts": {"same": 2, "same_bytes": 28, "within_tolerance": 0, "different": 0, "only_in_a": 0,
                       "only_in_b": 0}})

    def test_order_and_place_do_not_matter_and_one_byte_does(self):
        a = self.model(*self.pair(), name="a")
        b = self.model(("b", "U8", [4], b"1234"), ("z", "U8", [0], b""), self.pair()[0], name="b")
        self.assertEqual(self.json("diff", a, b, status=1)["only_in_b"], ["z"])
        b = self.model(*reversed(self.pair()), name="b")
        self.assertTrue(self.json("diff", a, b)["same"])
        b = self.model(("b", "U8", [4], b"1235"), self.pair()[0], name="b")
        self.assertEqual([t["name"] for t in self.json("diff", a, b, status=1)["different"]], ["b"])

    def test_a_sharded_set_is_the_same_as_one_file_of_its_tensors(self):
        one = self.model(*self.pair(), name="one", metadata={"format": "pt"})
        os.mkdir(self.path("set"))
        names = ["model-0000%d-of-00002.safetensors" % i for i in (1, 2)]
        for name, tensor in zip(names, self.pair()):
            self.model(tensor, name="set/" + name, metadata={"format": "pt"})
        index = {"metadata": {"total_size": 28}, "weight_map": dict(zip("ab", names))}
        self.write(json.dumps(index).encode(), "set/model.safetensors.index.json")
        for paths in [("set", one), (one, "set"), ("set", "set/model.safetensors.index.json")]:
            self.assertEqual(self.json("diff", *paths)["counts"]["same"], 2)
        self.model(("b", "U8", [4], b"1334"), name="set/" + names[1], metadata={"format": "pt"})
        self.assertEqual(self.json("diff", "set", one, status=1)["different"][0]["largest_absolute"],
                         {"difference": 1, "index": [1], "a": 51, "b": 50})

    def test_names_dtypes_and_shapes_are_told_apart(self):
        a = self.model(("only a", "U8", [2], b"12"), ("d", "U8", [2], b"12"), ("s", "U8", [2, 1], b"12"),
                       ("ds", "F32", [1], bytes(4)), ("same", "U8", [2], b"12"), name="a")
        b = self.model(("only b", "U8", [2], b"12"), ("d", "I8", [2], b"12"), ("s", "U8", [1, 2], b"12"),
                       ("ds", "F16", [], bytes(2)), ("same", "U8", [2], b"12"), name="b")
        answer = self.json("diff", a, b, "--rtol", "1", status=1)
        self.assertEqual((answer["only_in_a"], answer["only_in_b"]), (["only a"], ["only b"]))
        self.assertEqual(answer["different"], [
            {"name": "d", "what": ["dtype"], "a": {"dtype": "U8", "shape": [2]}, "b": {"dtype": "I8", "shape": [2]}},
            {"name": "s", "what": ["shape"], "a": {"dtype": "U8", "shape": [2, 1]},
             "b": {"dtype": "U8", "shape": [1, 2]}},
            {"name": "ds", "what": ["dtype", "shape"], "a": {"dtype": "F32", "shape": [1]},
             "b": {"dtype": "F16", "shape": []}}])
        self.assertEqual(answer["counts"], {"same": 1, "same_bytes": 2, "within_tolerance": 0, "different": 3,
                                            "only_in_a": 1, "only_in_b": 1})
        lines = self.expect(1, "diff", a, b).splitlines()
        self.assertEqual([line.split() for line in lines[1:3]],
                         [["only", "a", "only", "in", "A", "U8", "[2]", "-"],
                          ["only", "b", "only", "in", "B", "-", "U8", "[2]"]])
        self.assertEqual(lines[-1], "different: 3 tensors differ, 1 only in A, 1 only in B; 1 tensor the same")

    def test_differing_elements_are_counted_and_the_largest_are_shown_at_their_place(self):
        a = floats(0, 1, 2, 100, 4, 5)
        b = floats(0, 1, 1, 110, 4, 5)
        found = self.different("F32", [3, 2], a, b)
        self.assertEqual(found, {
            "name": "t", "what": ["bytes"], "a": {"dtype": "F32", "shape": [3, 2]},
            "b": {"dtype": "F32", "shape": [3, 2]}, "elements": 6, "elements_different": 2,
            "largest_absolute": {"difference": 10, "index": [1, 1], "a": 100, "b": 110},
            "largest_relative": {"difference": 1, "index": [1, 0], "a": 2, "b": 1}})
        lines = self.expect(1, "diff", "a", "b").splitlines()
        self.assertEqual(lines[1].split(), "t F32 2 6 10 [1, 1] 1 [1, 0]".split())
        self.assertEqual(lines[-1], "different: 1 tensor differs; 0 tensors the same")
        self.assertEqual(self.largest("U8", [], b"\5", b"\4"), [(1, []), (0.25, [])])

    def test_of_equal_differences_the_first_is_shown_with_any_number_of_threads(self):
        count = 80 << 20  # two parts, many chunks
        zeros = bytes(count)
        changed = bytearray(zeros)
        for index in [5, 300000, (64 << 20) - 1, 64 << 20, count - 1]:
            changed[index] = 9
        self.two("U8", [80, 1 << 20], zeros, changed)
        for threads in ["1", "3"]:
            found = self.json("diff", "a", "b", "--threads", threads, status=1)["different"][0]
            self.assertEqual((found["elements_different"], found["largest_absolute"]["index"]), (5, [0, 5]))
        changed[64 << 20] = 10
        self.write(file_bytes([("t", "U8", [80, 1 << 20], changed)]), "b")
        found = self.json("diff", "a", "b", status=1)["different"][0]
        self.assertEqual(found["largest_absolute"], {"difference": 10, "index": [64, 0], "a": 0, "b": 10})

    def test_empty_tensors_and_files_are_the_same(self):
        self.assertEqual(self.same("F32", [3, 0], b"", b"")["same"], 1)
        self.assertTrue(self.json("diff", self.model(name="a"), self.model(name="b"))["same"])
        self.assertEqual(self.json("diff", self.model(("t", "U8", [0], b""), name="a"), "b", status=1)["only_in_a"], ["t"])

    def test_select_compares_only_what_it_names_in_either(self):
        a = self.model(("x.w", "U8", [1], b"1"), ("x.a", "U8", [1], b"1"), ("y", "U8", [1], b"1"), name="a")
        b = self.model(("x.w", "U8", [1], b"1"), ("x.b", "U8", [1], b"1"), ("y", "U8", [1], b"2"), name="b")
        for patterns, status, only_a, only_b, count in [
                (["x.w"], 0, [], [], 1), (["x.*"], 1, ["x.a"], ["x.b"], 1), (["x.a"], 1, ["x.a"], [], 0),
                (["x.b"], 1, [], ["x.b"], 0), (["x.*", "!x.a"], 1, [], ["x.b"], 1),
                (["!y", "!x.b", "!x.a"], 0, [], [], 1), (["x.a", "!x.a"], 0, [], [], 0)]:
            with self.subTest(patterns=patterns):
                words = [word for pattern in patterns for word in ("--select", pattern)]
                answer = self.json("diff", a, b, *words, status=status)
                self.assertEqual((answer["only_in_a"], answer["only_in_b"], answer["counts"]["same"]),
                                 (only_a, only_b, count))
        self.assertEqual(len(self.json("diff", a, b, "--select", "y", status=1)["different"]), 1)
        self.assertIn("no_match", self.expect_error(3, "diff", a, b, "--select", "x.w", "--select", "z"))
        self.assertIn("invalid_pattern", self.expect_error(3, "diff", a, b, "--select", "re:("))


class Metadata(Diff):
    def files(self, a, b):
        tensor = ("t", "U8", [1], b"1")
        return self.model(tensor, name="a", metadata=a), self.model(tensor, name="b", metadata=b)

    def test_keys_in_one_only_and_other_values_are_differences(self):
        paths = self.files({"same": "1", "other": "x", "a": "1"}, {"same": "1", "other": "y", "b": ""})
        answer = self.json("diff", *paths, status=1)
        self.assertEqual(answer["metadata"], [{"key": "a", "a": ["1"], "b": []}, {"key": "b", "a": [], "b": [""]},
                                              {"key": "other", "a": ["x"], "b": ["y"]}])
        self.assertEqual((answer["same"], answer["counts"]["same"]), (False, 1))
        self.assertEqual(self.expect(1, "diff", *paths).splitlines()[-1],
                         "different: 3 metadata keys differ; 1 tensor the same")
        self.assertEqual(self.json("diff", *paths, "--select", "t", status=1)["metadata"], answer["metadata"])

    def test_none_and_empty_metadata_are_the_same(self):
        self.json("diff", *self.files(None, {}))
        self.json("diff", *self.files(None, {"": ""}), status=1)

    def test_ignore_metadata_compares_tensors_only(self):
        answer = self.json("diff", *self.files({"a": "1"}, {"a": "2"}), "--ignore-metadata")
        self.assertEqual((answer["same"], answer["metadata"]), (True, None))
        self.assertEqual(self.expect(0, "diff", "a", "b", "--ignore-metadata"), "the same: 1 tensor, 1 B\n")

    def test_a_shard_that_disagrees_with_the_others_is_not_hidden_by_them(self):
        for folder, second in [("one", "x"), ("two", "y")]:
            os.mkdir(self.path(folder))
            for i, value in [(1, "x"), (2, second)]:
                self.model(("t%d" % i, "U8", [1], b"1"), name="%s/model-0000%d-of-00002.safetensors" % (folder, i),
                           metadata={"k": value})
        self.assertEqual(self.json("diff", "one", "two", status=1)["metadata"],
                         [{"key": "k", "a": ["x"], "b": ["x", "y"]}])


class Elements(Diff):
    def test_zeros_of_either_sign_and_other_nans_differ_in_bytes_and_by_nothing(self):
        zeros = floats(0.0), floats(-0.0)
        self.assertEqual(self.largest("F32", [1], *zeros), [(0, [0]), (0, [0])])
        self.assertEqual(self.same("F32", [1], *zeros, "--atol", "0")["within_tolerance"], 1)
        nans = struct.pack("<2I", 0x7FC00000, 0x3F800000), struct.pack("<2I", 0xFFC00001, 0x3F800000)
        self.assertEqual(self.largest("F32", [2], *nans), [(0, [0]), (0, [0])])
        self.same("F32", [2], *nans, "--rtol", "0")

    def test_the_tolerance_is_met_exactly_and_missed_by_one_ulp(self):
        one, up = struct.pack("<d", 1), struct.pack("<d", F64_ONE_UP)
        self.same("F64", [1], one, up, "--atol", repr(2**-52))
        self.assertEqual(self.largest("F64", [1], one, up, "--atol", repr(math.nextafter(2**-52, 0)))[0], (2**-52, [0]))
        self.same("F64", [1], up, one, "--rtol", repr(2**-52))
        self.different("F64", [1], up, one, "--rtol", repr(math.nextafter(2**-52, 0)))
        # relative to B: 1 from 2 is half of it, 2 from 1 all
        self.same("F32", [1], floats(1), floats(2), "--rtol", "0.5")
        self.different("F32", [1], floats(2), floats(1), "--rtol", "0.5")
        # both together
        self.same("F32", [1], floats(2), floats(1), "--rtol", "0.5", "--atol", "0.5")
        self.different("F32", [1], floats(2), floats(1), "--rtol", "0.5", "--atol", "0.499999")

    def test_within_the_tolerance_is_the_same_and_said_to_be(self):
        paths = self.two("F32", [2], floats(1, 2), floats(1, 2.5))
        self.assertEqual(self.expect(0, "diff", *paths, "--atol", "0.5"),
                         "the same: 1 tensor, 8 B, 1 of them only within the tolerance\n")
        found = self.different("F32", [3], floats(1, 2, 0), floats(1.5, 4, 0), "--atol", "0.5")
        self.assertEqual(found["elements_different"], 1)

    def test_infinities_equal_only_themselves_and_nan_only_nan(self):
        values = [INF, -INF, NAN, 1.0]
        for a in values:
            for b in values:
                with self.subTest(a=a, b=b):
                    for code, dtype in [("f", "F32"), ("d", "F64")]:
                        content = [struct.pack("<" + code, value) for value in (a, b)]
                        tolerant = ["--atol", "1e300", "--rtol", "1e300"]
                        if repr(a) == repr(b):
                            self.same(dtype, [1], *content)
                            self.same(dtype, [1], *content, "--rtol", "0")
                            self.same(dtype, [1], *content, *tolerant)
                        else:
                            expected = "NaN" if a != a or b != b else "Infinity"
                            self.assertEqual(self.largest(dtype, [1], *content, *tolerant),
                                             [(expected, [0]), (expected, [0])])

    def test_a_nan_against_a_number_is_the_largest_difference(self):
        found = self.largest("F32", [4], floats(1, INF, NAN, NAN), floats(2, 3, 3, 4))
        self.assertEqual(found, [("NaN", [2]), ("NaN", [2])])
        self.assertIn(" nan ", self.expect(1, "diff", "a", "b"))

    def test_against_zero_the_relative_difference_is_infinite(self):
        self.assertEqual(self.largest("I8", [2], b"\0\1", b"\1\0"), [(1, [0]), ("Infinity", [1])])
        self.assertEqual(self.largest("F32", [2], floats(0, 1), floats(1, 0)), [(1, [0]), ("Infinity", [1])])

    def test_doubles_at_their_ends_do_not_pass_for_near(self):
        most = 1.7976931348623157e308
        far = struct.pack("<d", -most), struct.pack("<d", most)
        self.different("F64", [1], *far, "--atol", repr(most), "--rtol", "1")
        tiny = struct.pack("<d", 5e-324), struct.pack("<d", 0)
        self.different("F64", [1], *tiny, "--atol", "0")
        self.same("F64", [1], *tiny, "--atol", "5e-324")

    def test_integers_of_64_bits_are_compared_to_the_last_bit(self):
        for code, dtype, low, high in [("q", "I64", -(2**63), 2**63 - 1), ("Q", "U64", 0, 2**64 - 1)]:
            pack = lambda value: struct.pack("<" + code, value)
            with self.subTest(dtype):
                self.assertEqual(self.largest(dtype, [1], pack(high), pack(high - 1))[0], (1, [0]))
                self.different(dtype, [1], pack(high), pack(high - 1), "--atol", "0.99")
                self.same(dtype, [1], pack(high), pack(high - 1), "--atol", "1")
                found = self.different(dtype, [1], pack(low), pack(high))
                self.assertEqual(found["largest_absolute"],
                                 {"difference": 2**64 - 1, "index": [0], "a": low, "b": high})
                self.different(dtype, [1], pack(low), pack(high), "--atol", "18446744073709549568")  # below 2**64
                self.same(dtype, [1], pack(low), pack(high), "--atol", "18446744073709551616")

    def test_complex_numbers_differ_by_a_magnitude(self):
        a, b = floats(0, 0, 3, 4), floats(3, 4, 3, 4)
        self.assertEqual(self.largest("C64", [2], a, b), [(5, [0]), (1, [0])])
        self.same("C64", [2], a, b, "--atol", "5")
        self.different("C64", [2], a, b, "--atol", "4.9999")
        for left, right in [((INF, 1), (INF, 2)), ((INF, 1), (1, 1)), ((INF, 1), (-INF, 1))]:
            self.assertEqual(self.largest("C64", [1], floats(*left), floats(*right), "--rtol", "9")[0], ("Infinity", [0]))
        self.same("C64", [1], floats(NAN, 1), floats(2, NAN), "--rtol", "0")
        self.assertEqual(self.largest("C64", [1], floats(NAN, INF), floats(2, 1), "--rtol", "9")[0], ("NaN", [0]))

    def test_truths_have_no_tolerance(self):
        self.assertEqual(self.largest("BOOL", [2], b"\0\1", b"\1\1", "--atol", "5"), [(1, [0]), (1, [0])])
        # two bytes that both mean True
        self.assertEqual(self.largest("BOOL", [1], b"\1", b"\2"), [(0, [0]), (0, [0])])

    def test_every_dtype_finds_the_element_that_one_bit_changes(self):
        for dtype, bits in BITS.items():
            count = 8 * 1000
            content = bytes(i * 7 % 64 for i in range(count * bits // 8))  # neither NaN nor infinite
            for element in [0, 1, 1023, 1024, 4242, count - 1]:
                with self.subTest(dtype=dtype, element=element):
                    changed = bytearray(content)
                    changed[element * bits // 8] ^= 1 << (element * bits % 8)
                    found = self.different(dtype, [count // 8, 2, 4], content, changed)
                    self.assertEqual((found["elements"], found["elements_different"]), (count, 1))
                    place = [element // 8, element // 4 % 2, element % 4]
                    for key in ("largest_absolute", "largest_relative"):
                        self.assertEqual(found[key]["index"], place)
                    self.assertEqual(found["largest_absolute"]["a"], self.value_at("a", place))
                    self.assertEqual(found["largest_absolute"]["b"], self.value_at("b", place))

    def value_at(self, path, place):
        place = ["%d" % i for i in place]
        values = self.json("head", self.path(path), "t")
        at = [shown.index(int(i)) if int(i) in shown else None for shown, i in zip(values["shown"], place)]
        if None in at:
            # within one byte or three, F4 and F6 are not cut: the last dimension is taken whole
            values = self.json("head", self.path(path), "t", "--slice", "%s,%s" % tuple(place[:2]))
            at = [0, 0, int(place[2])]
        for i in at:
            values = values["values"][i] if isinstance(values, dict) else values[i]
        return values

    def test_small_floats_of_the_same_value_and_other_codes_differ_by_nothing(self):
        for dtype, a, b in [("F4", b"\x80", b"\x00"), ("F8_E5M2", b"\x7d", b"\xfe"), ("F8_E4M3", b"\x80", b"\x00"),
                            ("F6_E2M3", b"\x20\0\0", bytes(3)), ("BF16", b"\0\x80", b"\0\0")]:
            with self.subTest(dtype):
                shape = [len(a) * 8 // BITS[dtype]]
                found = self.different(dtype, shape, a, b)
                self.assertEqual((found["elements_different"], found["largest_absolute"]["difference"]), (1, 0))
                self.same(dtype, shape, a, b, "--atol", "0")


class Failures(Diff):
    def test_wrong_usage_exits_with_2(self):
        path = self.model(("t", "U8", [1], b"1"))
        for arguments in [[], [path], [path, path, path], [path, path, "--atol"], [path, path, "--atol", "-1"],
                          [path, path, "--atol", "x"], [path, path, "--rtol", "nan"], [path, path, "--rtol", "inf"],
                          [path, path, "--rtol", "1e999"], [path, path, "--rtol", "1 "], [path, path, "--atol", ""],
                          [path, path, "--threads", "0"], [path, path, "--nonsense"]]:
            with self.subTest(arguments=arguments):
                self.assertIn("--help", self.expect_error(2, "diff", *arguments))
        self.json("diff", path, path, "--atol", "1e-3", "--rtol", "0")

    def test_invalid_and_absent_files_are_failures_on_either_side(self):
        good = self.model(("t", "F32", [2], floats(1, 2)))
        with open(good, "rb") as file:
            short = self.write(file.read()[:-1], "short")
        for bad, code in [(short, "truncated_data"), (self.path("absent"), "not_found"),
                          (self.write(b"1234567", "small"), "header_too_small")]:
            for paths in [(good, bad), (bad, good), (bad, bad)]:
                with self.subTest(paths=paths):
                    self.assertIn(code, self.expect_error(3, "diff", *paths))

    def test_names_and_metadata_cannot_steer_the_terminal(self):
        evil = "a\x1b[2J\u009b31m\u202egnp\r\n"
        a = self.model((evil, "U8", [1], b"1"), (evil + "a", "U8", [1], b"1"), name="a", metadata={evil: evil})
        b = self.model((evil, "U8", [1], b"2"), (evil + "b", "U8", [1], b"1"), name="b", metadata={evil: evil + "b"})
        for arguments in [[], ["--json"], ["--select", "re:(?s).*"]]:
            text = self.expect(1, "diff", a, b, *arguments)
            self.assertIsNone(re.search("[\x00-\x09\x0b-\x1f\x7f-\x9f]", text), repr(text))
        answer = self.json("diff", a, b, status=1)
        self.assertEqual((answer["only_in_a"], answer["different"][0]["name"]), ([evil + "a"], evil))
        self.assertEqual(answer["metadata"][0], {"key": evil, "a": [evil], "b": [evil + "b"]})

    def test_tables_fit_the_terminal_and_colour_says_which(self):
        name = "model.layers.0.self_attention.query_projection.weight" * 2
        a = self.model((name, "F32", [1, 1], floats(1)), (name + "a", "F32", [1, 1], floats(1)), name="a",
                       metadata={name: name})
        b = self.model((name, "F32", [1, 1], floats(2)), name="b")
        status, output = run_on_terminal(["diff", a, b])
        lines = re.sub(rb"\x1b\[\d+m", b"", output).decode().splitlines()
        self.assertEqual(status, 1)
        self.assertLessEqual(max(map(len, lines[:-1])), 80)  # the last is a sentence
        self.assertIn(b"\x1b[31mdifferent\x1b[0m", output)
        self.assertIn(b"\x1b[32mthe same\x1b[0m", run_on_terminal(["diff", a, a])[1])

    def test_a_closed_pipe_ends_quietly_and_keeps_the_answer(self):
        a = self.model(*[("t%d" % i, "U8", [1], b"1") for i in range(20000)], name="a")
        b = self.model(*[("t%d" % i, "U8", [1], b"2") for i in range(20000)], name="b")
        for status, arguments in [(1, [a, b]), (1, [a, b, "--json"]), (0, [a, a]), (1, [a, self.model(name="c")])]:
            process = subprocess.Popen([COMMAND, "diff", *arguments], stdout=subprocess.PIPE, stderr=subprocess.PIPE)
            process.stdout.close()
            error = process.stderr.read()
            process.stderr.close()
            self.assertEqual((process.wait(), error), (status, b""))

    def test_progress_shows_on_a_terminal(self):
        long = self.sparse("long", ("t", "U8", [200000000], 200000000))
        status, output = run_on_terminal(["diff", long, long, "--threads", "1"], error_too=True, pause=0.7)
        self.assertEqual(status, 0)
        self.assertIn(b"% ", output)

    def test_huge_tensors_are_compared_in_little_memory(self):
        if is_sanitized():
            self.skipTest("sanitizers use memory of their own")
        path = self.sparse("huge", ("t", "U8", [1, 600000000], 600000000))
        self.assertTrue(self.json("diff", path, path)["same"])
        self.assertLess(self.peak_kibibytes("diff", path, path, "--threads", "2"), 40 * 1024)

    def test_rows_that_end_inside_a_byte_are_compared_whole_or_refused(self):
        a, b = self.two("F4", [2, 3], b"\x10\x32\x54", b"\x10\x22\x54")
        self.assertEqual(self.json("diff", a, b, status=1)["different"][0]["largest_absolute"]["index"], [1, 0])
        wide = self.sparse("wide", ("t", "F4", [2, 134217729], 134217729))
        self.assertIn("invalid_slice", self.expect_error(3, "diff", wide, wide))


if __name__ == "__main__":
    unittest.main()

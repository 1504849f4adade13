"""hoist head: brackets, ellipses, slices, and how little is read."""

import os
import re
import struct
import unittest

from support import CommandTest, floats


class Head(CommandTest):
    def shown(self, *arguments):
        return self.expect(0, "head", *arguments).split("\n", 1)[1]

    def counting(self, *shape):
        count = 1
        for dim in shape:
            count *= dim
        return self.model(("t", "I32", list(shape), struct.pack("<%di" % count, *range(count))))

    def test_brackets_nest_and_columns_line_up(self):
        self.assertEqual(self.shown(self.counting(2, 6), "t"), "[[ 0  1  2  3  4  5]\n [ 6  7  8  9 10 11]]\n")
        self.assertEqual(self.shown(self.counting(2, 1, 2), "t"), "[[[0 1]]\n\n [[2 3]]]\n")

    def test_scalars_and_empty_tensors_have_their_own_look(self):
        self.assertEqual(self.shown(self.counting(), "t"), "0\n")
        self.assertEqual(self.shown(self.counting(0), "t"), "[]\n")
        self.assertEqual(self.shown(self.counting(3, 0), "t"), "[]\n")
        self.assertEqual(self.json("head", self.counting(), "t")["values"], 0)
        self.assertEqual(self.json("head", self.counting(3, 0), "t")["values"], [[], [], []])

    def test_an_empty_tensor_that_claims_endless_rows_ends(self):
        path = self.model(("t", "U8", [2**62, 0], b""))
        self.assertEqual(self.shown(path, "t"), "[]\n")
        self.assertEqual(len(self.json("head", path, "t")["values"]), 6)

    def test_a_thousand_values_are_shown_and_one_more_leaves_out_the_middle(self):
        self.assertEqual(len(re.findall(r"\d+", self.shown(self.counting(1000), "t"))), 1000)
        self.assertEqual(self.shown(self.counting(1001), "t"), "[   0    1    2 ...  998  999 1000]\n")
        self.assertEqual(
            self.shown(self.counting(40, 50), "t"),
            "[[   0    1    2 ...   47   48   49]\n [  50   51   52 ...   97   98   99]\n [ 100  101  102 ...  147  148"
            "  149]\n ...\n [1850 1851 1852 ... 1897 1898 1899]\n [1900 1901 1902 ... 1947 1948 1949]\n"
            " [1950 1951 1952 ... 1997 1998 1999]]\n")

    def test_json_says_which_places_its_values_stand_at(self):
        answer = self.json("head", self.counting(3, 1000), "t")
        self.assertEqual(answer["shown"], [[0, 1, 2], [0, 1, 2, 997, 998, 999]])
        self.assertFalse(answer["complete"])
        self.assertEqual(answer["values"][2], [2000, 2001, 2002, 2997, 2998, 2999])
        self.assertTrue(self.json("head", self.counting(3), "t")["complete"])

    def test_many_dimensions_do_not_make_many_values(self):
        path = self.model(("t", "U8", [2] * 20, bytes(2**20)))
        self.assertLess(len(self.shown(path, "t")), 200000)
        path = self.model(("t", "U8", [1] * 500, b"\7"))
        self.assertEqual(self.shown(path, "t"), "[" * 500 + "7" + "]" * 500 + "\n")

    def test_slices_are_those_of_numpy_with_the_dimension_of_an_index_kept(self):
        path = self.counting(4, 5)
        for text, expected in [
                ("0:2,:2", [[0, 1], [5, 6]]), ("::3,::4", [[0, 4], [15, 19]]), ("1", [[5, 6, 7, 8, 9]]),
                ("-1,-2:", [[18, 19]]), (":,3", [[3], [8], [13], [18]]), ("1:-1,0", [[5], [10]]), ("2:2", []),
                (":", [[5 * i + j for j in range(5)] for i in range(4)])]:
            with self.subTest(text):
                answer = self.json("head", path, "t", "--slice=" + text)
                self.assertEqual(answer["values"], expected)

    def test_slices_that_do_not_fit_are_failures_that_say_why(self):
        path = self.counting(4, 5)
        for text in ["0:5", "4", "-5", "3:2", ":,:,:", ":,7:", "9223372036854775807", "-9223372036854775808:"]:
            with self.subTest(text):
                self.assertIn("invalid_slice", self.expect_error(3, "head", path, "t", "--slice=" + text))

    def test_a_tensor_that_is_not_there_is_a_failure_that_names_its_neighbours(self):
        path = self.model(("layer.weight", "U8", [1], b"1"))
        self.assertIn("layer.weight", self.expect_error(3, "head", path, "layer.weigth"))

    def test_packed_dtypes_show_the_edges_of_long_rows(self):
        codes = [2, 4, 5, 6, 7, 0, 1, 3]  # F4: 1 2 3 4 6 0 0.5 1.5
        values = [1, 2, 3, 4, 6, 0, 0.5, 1.5]
        row = bytes(codes[2 * i] | codes[2 * i + 1] << 4 for i in range(4)) * 126  # 1008 values
        answer = self.json("head", self.model(("t", "F4", [2, 1008], row * 2)), "t")
        self.assertEqual(answer["values"], [values[:3] + values[-3:]] * 2)
        # rows of 1001 values end inside a byte
        content = bytes(codes[(2 * i) % 8] | codes[(2 * i + 1) % 8] << 4 for i in range(1001))
        answer = self.json("head", self.model(("t", "F4", [2, 1001], content)), "t")
        self.assertEqual(answer["values"][1], [values[(1001 + i) % 8] for i in (0, 1, 2, 998, 999, 1000)])

    def test_of_a_tensor_of_gigabytes_only_the_edges_are_read(self):
        # a sparse file: reading all of it would take seconds and gigabytes
        path = self.sparse("large", ("t", "F32", [1000, 1000000], 4000000000))
        with open(path, "r+b") as file:
            file.seek(-4, os.SEEK_END)
            file.write(floats(2.5))

        def limit():
            import resource
            resource.setrlimit(resource.RLIMIT_CPU, (2, 2))

        done = self.run_command("head", path, "t", preexec_fn=limit)
        self.assertEqual(done.returncode, 0, done.stderr)
        self.assertTrue(done.stdout.endswith(b"2.5]]\n"), done.stdout)


if __name__ == "__main__":
    unittest.main()

"""hoist load: what is loaded, how it is cut, and that --check can be trusted."""

import json
import os
import struct
import unittest

from support import BITS, CommandTest, floats


class Load(CommandTest):
    def pair(self):
        return self.model(("a", "F32", [4, 6], floats(*range(24))), ("b", "I16", [4, 2], bytes(range(16))))

    def test_reports_tensors_bytes_and_times_and_checks_them(self):
        answer = self.json("load", self.pair(), "--check", "--threads", "2")
        self.assertEqual((answer["tensors"], answer["bytes"], answer["bytes_read"]), (2, 112, 112))
        self.assertEqual((answer["threads"], answer["checked"]), (2, True))
        self.assertEqual((answer["device"], answer["device_bytes"], answer["staging_bytes"]), ("host", 272, 0))
        for key in ("seconds", "gb_per_s", "first_tensor_seconds"):
            self.assertGreaterEqual(answer[key], 0)
        self.assertEqual(list(answer["stages"]), ["open", "prepare", "allocate", "read", "wait_for_slots", "submit",
                                                  "wait_for_device"])
        text = self.expect(0, "load", self.pair(), "--check")
        self.assertIn("2 tensors", text)
        self.assertIn("every element equals the file", text)

    def test_select_takes_patterns_in_turn(self):
        self.assertEqual(self.json("load", self.pair(), "--select", "b")["bytes"], 16)
        self.assertEqual(self.json("load", self.pair(), "--select", "b", "--select", "**", "--check")["tensors"], 2)
        self.assertIn("no_match", self.expect_error(3, "load", self.pair(), "--select", "c"))

    def test_slices_and_shards_load_their_part_and_check_it(self):
        path = self.pair()
        for arguments, size in [
                (["--slice", "a=1:3"], 48 + 16), (["--slice", "a=::2,1::2"], 24 + 16), (["--slice", "a=-1,-1"], 4 + 16),
                (["--slice", "a=0:0"], 16), (["--slice", "a=:,2:4", "--slice", "b=0"], 32 + 4),
                (["--shard", "0:1/2"], 56), (["--shard", "1:1/2"], 56), (["--shard", "0:3/4"], 28),
                (["--slice", "a=1:3,::3", "--shard", "1:0/2"], 8 + 8), (["--slice", "a=:2", "--shard", "0:1/2"], 24 + 8)]:
            for access in ["automatic", "mmap", "read"]:
                with self.subTest(arguments=arguments, access=access):
                    answer = self.json("load", path, *arguments, "--check", "--access", access)
                    self.assertEqual(answer["bytes"], size)

    def test_every_dtype_survives_the_check_whole_and_sliced(self):
        tensors = [(dtype, dtype, [8, 8], bytes(i % 251 for i in range(8 * BITS[dtype]))) for dtype in BITS]
        path = self.model(*tensors)
        self.json("load", path, "--check")
        self.json("load", path, "--check", "--shard", "0:1/2")
        slices = [word for dtype in BITS for word in ("--slice", dtype + "=2:6:2")]
        self.json("load", path, "--check", *slices)

    def test_a_step_as_large_as_there_is_loads_one_element_and_checks_it(self):
        path = self.model(("w", "U8", [4], b"abcd"))
        loaded = self.json("load", path, "--slice", "w=0:4:18446744073709551615", "--check")
        self.assertEqual((loaded["bytes"], loaded["checked"]), (1, True))

    def test_a_slice_may_be_of_a_name_with_an_equals_sign(self):
        path = self.model(("x=1", "U8", [4], b"abcd"))
        self.assertEqual(self.json("load", path, "--slice", "x=1=1:3", "--check")["bytes"], 2)

    def test_a_tensor_that_cannot_be_sharded_is_named(self):
        path = self.model(("even", "U8", [4, 4], bytes(16)), ("odd", "U8", [3, 4], bytes(12)), ("scalar", "U8", [], b"1"))
        message = self.expect_error(3, "load", path, "--shard", "0:0/2")
        self.assertIn("odd", message)
        self.assertIn("indivisible", message)
        self.assertIn("scalar", self.expect_error(3, "load", path, "--select", "scalar", "--shard", "0:0/2"))

    def test_a_slice_of_what_is_not_loaded_is_a_failure_that_names_it(self):
        self.assertIn("zzz", self.expect_error(3, "load", self.pair(), "--slice", "zzz=0"))
        self.assertIn("'a'", self.expect_error(3, "load", self.pair(), "--select", "b", "--slice", "a=0"))
        self.assertIn("'a'", self.expect_error(3, "load", self.pair(), "--slice", "a=0", "--slice", "a=1"))
        self.assertIn("'a'", self.expect_error(3, "load", self.pair(), "--slice", "a=9"))

    def test_more_than_the_memory_of_the_machine_is_refused_before_it_is_taken(self):
        try:
            path = self.sparse("huge", ("t", "U8", [1 << 43], 1 << 43))
        except OSError as refused:
            self.skipTest("no sparse file of 8 TiB here: %s" % refused)
        self.assertIn("out_of_memory", self.expect_error(3, "load", path))
        self.assertEqual(self.json("load", path, "--slice", "t=-5:", "--check")["bytes"], 5)

    def test_a_large_tensor_is_loaded_in_pieces_by_several_threads(self):
        content = bytes(range(256)) * (40 << 12)  # 40 MiB
        path = self.model(("t", "U8", [len(content) // 512, 512], content))
        self.assertEqual(self.json("load", path, "--threads", "3", "--check")["bytes"], len(content))

    def test_the_device_is_the_one_that_was_named(self):
        self.assertEqual(self.json("load", self.pair(), "--device", "host", "--check")["device"], "host")
        self.assertIn("device_unavailable", self.expect_error(3, "load", self.pair(), "--device", "cuda:1000"))

    def test_a_ring_without_room_for_two_slots_is_refused(self):
        self.assertIn("over_budget", self.expect_error(3, "load", self.pair(), "--staging", "7M"))
        self.json("load", self.pair(), "--staging", "8M", "--check")

    def test_a_trace_is_a_document_of_chrome_trace_events(self):
        path = os.path.join(self.folder, "trace.json")
        self.json("load", self.pair(), "--trace", path)
        with open(path) as file:
            events = json.load(file)["traceEvents"]
        self.assertEqual([event["args"]["bytes"] for event in events if event["ph"] == "X"], [112])
        self.assertIn("not_found", self.expect_error(3, "load", self.pair(), "--trace", "/no/such/folder/t.json"))

    def test_many_small_tensors_and_large_ones_are_checked_in_stretches(self):
        tensors = [("t%05d" % i, "U8", [i % 500], bytes(i % 251 for i in range(i % 500))) for i in range(3000)]
        tensors.append(("large", "U8", [40 << 20], bytes(40 << 20)))
        self.assertEqual(self.json("load", self.model(*tensors), "--check")["tensors"], 3001)

    def test_a_sharded_checkpoint_loads_across_its_files(self):
        self.model(("a", "U8", [2], b"12"), name="model-00001-of-00002.safetensors")
        self.model(("b", "U8", [2], b"34"), name="model-00002-of-00002.safetensors")
        names = {"a": "model-00001-of-00002.safetensors", "b": "model-00002-of-00002.safetensors"}
        self.write(json.dumps({"weight_map": names}).encode(), "model.safetensors.index.json")
        self.assertEqual(self.json("load", self.folder, "--check")["tensors"], 2)

    def test_a_file_without_tensors_loads(self):
        self.assertEqual(self.json("load", self.model(), "--check")["bytes"], 0)


if __name__ == "__main__":
    unittest.main()

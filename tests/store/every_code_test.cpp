// Every Errc, each by a recipe that produces it through the public headers. A code without a recipe does not compile;
// the two that only a CUDA device gives are produced by tests/cuda.
#include <gtest/gtest.h>
#include <sys/stat.h>

#include <cerrno>

#include "hoist/checksums.hpp"
#include "hoist/cuda.hpp"
#include "hoist/verify.hpp"
#include "hoist/writer.hpp"
#include "support/checkpoint_files.hpp"
#include "support/deferred_device.hpp"
#include "support/failing_calls.hpp"
#include "support/matchers.hpp"
#include "support/reading.hpp"

namespace hoist {
namespace {

using test::Call;
using test::FailingCall;
using test::FileBuilder;

constexpr std::size_t code_count = static_cast<std::size_t>(Errc::device_unavailable);

// What came out, as an error; std::nullopt where nothing was wrong.
using Outcome = std::optional<Error>;

template <class T>
Outcome outcome(const Result<T>& result) {
  return result ? Outcome() : result.error();
}

Outcome opened(const std::string& file, OpenOptions options = {}) { return outcome(test::open_bytes(file, options)); }
Outcome tensors(const std::string& entries, const std::string& data = "1234") {
  return opened(test::file_with("{" + entries + "}", data));
}
std::string tensor(const std::string& fields) { return "\"w\":{" + fields + "}"; }

TensorView bytes_4x4() { return *test::open_bytes(FileBuilder().add("w", DType::U8, {4, 4}).file())->at("w"); }

Outcome index(const std::string& json) {
  return outcome(Checkpoint::from_index(json, [](std::string_view file) -> Result<std::shared_ptr<const Source>> {
    return std::make_shared<const test::StringSource>(test::file_of({"a"}), std::string(file));
  }));
}

// A file of four bytes, none of them written.
Writer begun(const std::filesystem::path& path) {
  Writer writer = Writer::create(path).value();
  writer.declare("w", DType::U8, {4}).value();
  writer.begin().value();
  return writer;
}

struct Recipe {
  Errc code;
  Outcome (*produce)();
};

void PrintTo(const Recipe& recipe, std::ostream* out) { *out << name(recipe.code); }

constexpr Recipe recipes[] = {
    {Errc::header_too_small, [] { return opened("1234567"); }},
    {Errc::header_too_large, [] { return opened(test::file_with_length(100'000'001, "{}")); }},
    {Errc::header_out_of_file, [] { return opened(test::file_with_length(3, "{}")); }},
    {Errc::invalid_utf8, [] { return opened(test::file_with("{\"\xFF\":1}")); }},
    {Errc::invalid_json, [] { return opened(test::file_with("{]")); }},
    {Errc::invalid_field, [] { return tensors(tensor(R"("dtype":"U8","shape":[4])")); }},
    {Errc::unknown_dtype, [] { return tensors(tensor(R"("dtype":"u8","shape":[4],"data_offsets":[0,4])")); }},
    {Errc::duplicate_tensor,
     [] {
       return tensors(tensor(R"("dtype":"U8","shape":[4],"data_offsets":[0,4])") + "," +
                      tensor(R"("dtype":"U8","shape":[0],"data_offsets":[4,4])"));
     }},
    {Errc::duplicate_metadata, [] { return tensors(R"("__metadata__":{"k":"1","k":"2"})", ""); }},
    {Errc::invalid_shape, [] { return tensors(tensor(R"("dtype":"F4","shape":[3],"data_offsets":[0,4])")); }},
    {Errc::size_mismatch, [] { return tensors(tensor(R"("dtype":"U8","shape":[3],"data_offsets":[0,4])")); }},
    {Errc::not_contiguous, [] { return tensors(tensor(R"("dtype":"U8","shape":[3],"data_offsets":[1,4])")); }},
    {Errc::truncated_data, [] { return tensors(tensor(R"("dtype":"U8","shape":[4],"data_offsets":[0,4])"), "123"); }},
    {Errc::trailing_data, [] { return tensors(tensor(R"("dtype":"U8","shape":[4],"data_offsets":[0,4])"), "12345"); }},
    {Errc::not_strict, [] { return opened(test::file_with(" {}"), {.validation = Validation::strict}); }},
    {Errc::invalid_index, [] { return index(R"({"weight_map":{"a":"../m"}})"); }},
    {Errc::missing_shard,
     [] {
       const test::TemporaryDirectory directory;
       return outcome(Checkpoint::open(directory.write(test::index_name, test::index_of({{"a", "gone"}}))));
     }},
    {Errc::missing_tensor, [] { return index(R"({"weight_map":{"b":"m"}})"); }},
    {Errc::checksum_mismatch,
     []() -> Outcome {
       const test::TemporaryDirectory directory;
       const std::string value = "{\"w\":\"" + std::string(32, '0') + "\"}";
       return verify_data(
                  directory.write("w", FileBuilder().metadata(checksums_key, value).add("w", DType::U8, {4}).file()))
           .at(0)
           .errors.at(0);
     }},
    {Errc::no_match, [] { return outcome(Checkpoint::of(*test::open_bytes(test::file_of({"a"}))).select({"b*"})); }},
    {Errc::invalid_pattern,
     [] { return outcome(Checkpoint::of(*test::open_bytes(test::file_of({"a"}))).select({"["})); }},
    {Errc::invalid_slice, [] { return outcome(bytes_4x4().slice({{.stop = 5}})); }},
    {Errc::indivisible, [] { return outcome(bytes_4x4().shard(0, 0, 3)); }},
    {Errc::not_mapped,
     [] {
       const auto source = std::make_shared<test::StringSource>(test::file_of({"a"}));
       return outcome(Archive::from_source(source)->at("a")->bytes());
     }},
    {Errc::misaligned,
     [] {
       auto bytes = std::make_shared<std::vector<std::uint64_t>>(32);
       const std::string file = FileBuilder().add("w", DType::U16, {4}).file();  // the data at a multiple of 8
       auto* const odd = reinterpret_cast<std::byte*>(bytes->data()) + 1;
       std::memcpy(odd, file.data(), file.size());
       return outcome(Archive::from_bytes({odd, file.size()}, bytes)->at("w")->as<std::uint16_t>());
     }},
    {Errc::wrong_dtype, [] { return outcome(bytes_4x4().as<float>()); }},
    {Errc::overlap,
     [] {
       char memory[20];
       Plan plan(Checkpoint::of(*test::open_bytes(FileBuilder().file())));
       return outcome(
           plan.add({{.view = bytes_4x4(), .name = "a", .destination = memory, .destination_bytes = 16},
                     {.view = bytes_4x4(), .name = "b", .destination = memory + 4, .destination_bytes = 16}}));
     }},
    {Errc::over_budget, [] { return outcome(Loader::create(Device::host().value(), {.staging_bytes = 1})); }},
    {Errc::not_submitted,
     [] {
       const auto source = std::make_shared<test::HeldSource>(test::file_of({"a"}));
       const auto device = std::make_shared<test::DeferredDevice>(test::DeferredDevice::Steps::when_waited);
       auto* const stream = static_cast<CUstream_st*>(device->make_stream());
       Plan plan(Checkpoint::of(*Archive::from_source(source)));
       plan.select("a").value();
       source->held = true;
       const Transfer transfer = Loader::create(device->handle())->start(plan).value();
       return outcome(try_enqueue_wait(transfer, stream));
     }},
    {Errc::wrong_device,
     [] {
       Loader loader = Loader::create(Device::host().value()).value();
       const Plan plan(Checkpoint::of(*test::open_bytes(FileBuilder().file())));
       return outcome(start_after(nullptr, loader, plan));
     }},
    {Errc::wrong_order,
     [] {
       const test::TemporaryDirectory directory;
       return outcome(Writer::create(directory.path() / "w")->write("a", {}));
     }},
    {Errc::written_twice,
     [] {
       const test::TemporaryDirectory directory;
       Writer writer = begun(directory.path() / "w");
       writer.write("w", std::vector<std::byte>(4)).value();
       return outcome(writer.write_block("w", {.start = {3}, .size = {1}}, std::vector<std::byte>(1)));
     }},
    {Errc::not_written,
     [] {
       const test::TemporaryDirectory directory;
       return outcome(begun(directory.path() / "w").commit());
     }},
    {Errc::cancelled,
     [] {
       const test::TemporaryDirectory directory;
       std::stop_source stop;
       stop.request_stop();
       const auto archive = Archive::open(directory.write("w", test::file_of({"a"})));
       return outcome(test::read(*archive->at("a"), {.stop = stop.get_token()}));
     }},
    {Errc::not_found, [] { return outcome(Archive::open("/no/such/file")); }},
    {Errc::not_regular, [] { return outcome(Archive::open("/")); }},
    {Errc::already_exists,
     [] {
       const test::TemporaryDirectory directory;
       return outcome(Writer::create(directory.write("w", "old"), {.overwrite = false}));
     }},
    {Errc::permission_denied,
     [] {
       const FailingCall open(Call::open, test::fail_from(1, EACCES));
       return outcome(Archive::open("/no/such/file"));
     }},
    {Errc::io_error,
     [] {
       const test::TemporaryDirectory directory;
       const auto archive = Archive::open(directory.write("w", test::file_of({"a"})));
       const FailingCall pread(Call::pread, test::fail_from(1, EIO));
       return outcome(test::read(*archive->at("a")));
     }},
    {Errc::not_durable,
     []() -> Outcome {
       const test::TemporaryDirectory directory;
       Writer writer = begun(directory.path() / "w");
       writer.write("w", std::vector<std::byte>(4)).value();
       const FailingCall fsync(Call::fsync, test::fail_from(2, EIO));
       return std::move(writer).commit().value().warnings.at(0);
     }},
    {Errc::out_of_memory,
     [] {
       const test::TemporaryDirectory directory;
       const FailingCall mmap(Call::mmap, test::fail_from(1, ENOMEM));
       return outcome(Archive::open(directory.write("w", test::file_of({"a"})), {.access = Access::mmap}));
     }},
};

constexpr bool in_order_and_complete() {
  if (std::size(recipes) != code_count) return false;
  for (std::size_t i = 0; i < code_count; ++i) {
    if (static_cast<std::size_t>(recipes[i].code) != i) return false;
  }
  return true;
}
static_assert(in_order_and_complete(),
              "one recipe for each Errc, in their order; tests/cuda has those from device_unavailable on");

class EveryCode : public testing::TestWithParam<Recipe> {};

TEST_P(EveryCode, IsProducedByARealRequest) {
  const Outcome error = GetParam().produce();
  ASSERT_TRUE(error) << "nothing was wrong";
  EXPECT_EQ(error->code, GetParam().code) << error->to_string();
  EXPECT_FALSE(error->message.empty());
  EXPECT_EQ(error->message.find('\n'), std::string::npos);
  if (is_system(error->code) && error->code != Errc::not_regular) {
    EXPECT_NE(error->system_code, 0);
  }
}

INSTANTIATE_TEST_SUITE_P(Errc, EveryCode, testing::ValuesIn(recipes),
                         [](const auto& info) { return std::string(name(info.param.code)); });

}  // namespace
}  // namespace hoist

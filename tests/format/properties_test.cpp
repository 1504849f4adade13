// What holds for every header, tried on many: the way it is spelled does not matter, and no change of a byte makes an
// index that is not sound.
#include <gtest/gtest.h>

#include <ostream>

#include "support/header_builder.hpp"
#include "support/index_checks.hpp"
#include "support/random_header.hpp"

namespace hoist::test {
namespace {

std::string sound_by_both_readers(std::string_view json, std::uint64_t data_bytes, const OpenOptions& options) {
  const Reading both = read_json(json, data_bytes, options, 100);
  const Reading grammar = read_json(json, data_bytes, options, 100, format::Readers::grammar_only);
  const std::string broken = broken_invariant(both, 8 + json.size() + data_bytes, options);
  return broken.empty() ? difference(both, grammar) : broken;
}

TEST(Properties, SpellingAndOrderOfAHeaderDoNotChangeItsIndex) {
  Random random(20240607);
  for (int round = 0; round < 3000; ++round) {
    Header header = random_header(random);
    shuffle(header, random);
    const std::string free = Speller(random).spell(header);
    sort(header);
    const std::string plain = Speller().spell(header);

    const Reading expected = read_json(plain, header.data_bytes);
    ASSERT_TRUE(expected.accepted()) << plain << "\n" << expected.errors[0].to_string();
    ASSERT_EQ(broken_invariant(expected, 8 + plain.size() + header.data_bytes, {}), "") << plain;
    ASSERT_EQ(expected.index.tensors.size(), header.tensors.size());
    for (const auto readers : {format::Readers::both, format::Readers::grammar_only}) {
      ASSERT_EQ(difference(read_json(plain, header.data_bytes, {}, 1, readers), expected), "") << plain;
      const Reading reading = read_json(free, header.data_bytes, {}, 1, readers);
      ASSERT_TRUE(reading.accepted()) << free << "\n" << reading.errors[0].to_string();
      ASSERT_EQ(difference(reading, expected), "") << free << "\n" << plain;
    }
  }
}

TEST(Properties, StrictAcceptsWhatWritersEmit) {
  OpenOptions strict;
  strict.validation = Validation::strict;
  Random random(17);
  for (int round = 0; round < 1000; ++round) {
    const Header header = random_header(random);
    const std::string plain = Speller().spell(header) + std::string(below(random, 8), ' ');
    const Reading reading = read_json(plain, header.data_bytes, strict);
    ASSERT_TRUE(reading.accepted()) << plain << "\n" << reading.errors[0].to_string();
  }
}

TEST(Properties, OneByteOfDataMoreOrLessIsAnError) {
  Random random(4);
  for (int round = 0; round < 500; ++round) {
    const Header header = random_header(random);
    const std::string plain = Speller().spell(header);
    const Reading more = read_json(plain, header.data_bytes + 1);
    ASSERT_FALSE(more.accepted()) << plain;
    ASSERT_EQ(more.errors[0].code, Errc::trailing_data) << plain;
    if (header.data_bytes == 0) continue;
    const Reading fewer = read_json(plain, header.data_bytes - 1);
    ASSERT_FALSE(fewer.accepted()) << plain;
    ASSERT_EQ(fewer.errors[0].code, Errc::truncated_data) << plain;
  }
}

struct Small {
  const char* name;
  std::string json;
  std::uint64_t data_bytes;
};

void PrintTo(const Small& small, std::ostream* out) { *out << small.json; }

class SmallHeader : public testing::TestWithParam<Small> {
 protected:
  // `json` with one thing changed is judged in both modes.
  static void judge(const std::string& json) {
    for (const Validation validation : {Validation::compatible, Validation::strict}) {
      OpenOptions options;
      options.validation = validation;
      ASSERT_EQ(sound_by_both_readers(json, GetParam().data_bytes, options), "") << json;
    }
  }
};

TEST_P(SmallHeader, IsAccepted) { EXPECT_TRUE(read_json(GetParam().json, GetParam().data_bytes).accepted()); }

TEST_P(SmallHeader, WithAnyByteChangedGivesAnErrorOrASoundIndex) {
  for (std::size_t i = 0; i < GetParam().json.size(); ++i) {
    std::string json = GetParam().json;
    for (int value = 0; value < 256; ++value) {
      json[i] = static_cast<char>(value);
      ASSERT_NO_FATAL_FAILURE(judge(json)) << "byte " << i;
    }
  }
}

TEST_P(SmallHeader, WithAnyByteLeftOutOrTwiceGivesAnErrorOrASoundIndex) {
  for (std::size_t i = 0; i < GetParam().json.size(); ++i) {
    const std::string& json = GetParam().json;
    ASSERT_NO_FATAL_FAILURE(judge(std::string(json).erase(i, 1)));
    ASSERT_NO_FATAL_FAILURE(judge(std::string(json).insert(i, 1, json[i])));
  }
}

TEST_P(SmallHeader, CutAnywhereIsAnError) {
  const std::string json = GetParam().json.substr(0, GetParam().json.find_last_not_of(' ') + 1);
  for (std::size_t size = 0; size < json.size(); ++size) {
    ASSERT_FALSE(read_json(json.substr(0, size), GetParam().data_bytes).accepted()) << size;
  }
}

INSTANTIATE_TEST_SUITE_P(
    Properties, SmallHeader,
    testing::Values(
        Small{"Empty", "{}   ", 0},
        Small{"OneTensor", R"({"a":{"dtype":"F32","shape":[2,3],"data_offsets":[0,24]}})", 24},
        Small{
            "TwoTensors",
            R"({"a":{"dtype":"U8","shape":[],"data_offsets":[0,1]},"b":{"dtype":"F4","shape":[2],"data_offsets":[1,2]}})",
            2},
        Small{
            "EmptyTensors",
            R"({"a":{"dtype":"I8","shape":[0],"data_offsets":[0,0]},"b":{"dtype":"I8","shape":[0],"data_offsets":[0,0]}})",
            0},
        Small{"Metadata",
              R"({"__metadata__":{"k":"\u00e9\n","l":""},"a":{"dtype":"U8","shape":[1],"data_offsets":[0,1]}})", 1},
        Small{
            "FreeSpelling",
            "{ \"\\ud83d\\ude00\" :\n{\"shape\":[ 1 ],\"x\":[{\"y\":-1.5e2}],\"data_offsets\":[0,1],\"dtype\":\"U8\"}}",
            1}),
    [](const auto& info) { return info.param.name; });

TEST(Properties, TakesTwoHundredThousandTensorsInAnyOrder) {
  constexpr std::uint64_t count = 200'000;
  const auto entry = [](std::uint64_t i) {
    return "\"layer." + std::to_string(i) + ".weight\":{\"dtype\":\"U8\",\"shape\":[1],\"data_offsets\":[" +
           std::to_string(i) + "," + std::to_string(i + 1) + "]}";
  };
  std::string rising = "{" + entry(0), falling = "{" + entry(count - 1);
  for (std::uint64_t i = 1; i < count; ++i) {
    rising += "," + entry(i);
    falling += ",\n" + entry(count - 1 - i);
  }
  const Reading canonical = read_json(rising + "}", count);
  const Reading spelled = read_json(falling + "}", count);
  ASSERT_TRUE(canonical.accepted());
  ASSERT_TRUE(spelled.accepted());
  EXPECT_EQ(broken_invariant(canonical.index, 8 + rising.size() + 1 + count, {}), "");
  EXPECT_EQ(difference(spelled, canonical), "");
}

}  // namespace
}  // namespace hoist::test

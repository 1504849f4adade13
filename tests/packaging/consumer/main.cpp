// What somebody else's program does with the installed library: opens, selects, reads, and catches an exception.
#include <hoist/checkpoint.hpp>
#include <hoist/verify.hpp>

#include <array>
#include <iostream>
#include <span>
#include <string>

namespace {

std::string one_tensor() {
  std::string header = R"({"a.weight":{"dtype":"U8","shape":[4],"data_offsets":[0,4]}})";
  std::string file(8, '\0');
  file[0] = static_cast<char>(header.size());
  return file + header + "\x01\x02\x03\x04";
}

hoist::Archive open(const std::string& bytes) {
  return hoist::Archive::from_bytes(std::as_bytes(std::span(bytes)), nullptr).value();
}

bool throws(const std::string& bytes, hoist::Errc expected) {
  try {
    open(bytes);
  } catch (const hoist::Exception& exception) {
    return exception.error().code == expected;
  }
  return false;
}

}  // namespace

int main() {
  const std::string bytes = one_tensor();
  auto checkpoint = hoist::Checkpoint::of(open(bytes));
  std::array<std::byte, 4> data{};
  checkpoint.select({"*.weight"}).value().at(0).copy_to(data).value();
  if (data[3] != std::byte{4}) return 1;
  if (!throws("short", hoist::Errc::header_too_small)) return 2;
  if (hoist::verify("/nowhere").at(0).errors.empty()) return 3;
  std::cout << "consumed\n";
}

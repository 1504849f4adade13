// Judges files for the interoperability tests: reads paths, one a line, and answers each with one line.
//     interop_probe            "<compatible> <strict>": ok or the error's code, under both validations
//     interop_probe contents   the tensors as JSON: [[name, dtype, [dimensions], offset, bytes], ...], names and bytes
//                              in hex; then metadata: {key: value}, in hex too
#include <cstdio>
#include <iostream>
#include <string>
#include <vector>

#include "hoist/archive.hpp"

namespace {

using namespace hoist;

std::string hex(std::span<const std::byte> bytes) {
  std::string text = "\"";
  for (const std::byte b : bytes) {
    text += "0123456789abcdef"[std::to_integer<unsigned>(b) >> 4];
    text += "0123456789abcdef"[std::to_integer<unsigned>(b) & 15];
  }
  return text + '"';
}

std::string hex(std::string_view text) { return hex(std::as_bytes(std::span(text))); }

std::string verdict(const std::string& path, Validation validation) {
  OpenOptions options;
  options.validation = validation;
  const auto archive = Archive::open(path, options);
  return archive ? "ok" : std::string(name(archive.error().code));
}

std::string tensor_contents(const Archive& archive, std::size_t place) {
  const TensorInfo& info = archive.tensors()[place];
  std::string text = "[" + hex(info.name) + ",\"" + std::string(name(info.dtype)) + "\",[";
  for (const std::uint64_t size : info.shape)
    text += (text.back() == '[' ? "" : ",") + std::to_string(size);
  std::vector<std::byte> bytes(info.byte_count);
  archive.view(place).copy_to(bytes).value();
  return text + "]," + std::to_string(info.offset) + "," + hex(bytes) + "]";
}

std::string contents(const std::string& path) {
  const Archive archive = Archive::open(path).value();
  std::string text = "[[";
  for (std::size_t i = 0; i < archive.tensors().size(); ++i)
    text += (i == 0 ? "" : ",") + tensor_contents(archive, i);
  text += "],{";
  for (const auto& [key, value] : archive.metadata())
    text += (text.back() == '{' ? "" : ",") + hex(key) + ":" + hex(value);
  return text + "}]";
}

}  // namespace

int main(int argc, char** argv) {
  const bool wants_contents = argc > 1 && std::string_view(argv[1]) == "contents";
  for (std::string path; std::getline(std::cin, path);) {
    try {
      std::cout << (wants_contents ? contents(path)
                                   : verdict(path, Validation::compatible) + " " + verdict(path, Validation::strict))
                << "\n";
    } catch (const std::exception& error) {
      std::fprintf(stderr, "%s\n", error.what());
      return 1;
    }
  }
}

// Judges files for the interoperability tests: reads paths, one a line, and answers each with one line.
//     interop_probe            "<compatible> <strict>": ok or the error's code, under both validations
//     interop_probe contents   the tensors as JSON: [[name, dtype, [dimensions], offset, bytes], ...], names and bytes
//                              in hex; then metadata: {key: value}, in hex too
//     interop_probe reference, interop_probe aligned     writes the file anew beside it, as PATH.LAYOUT
#include <cstdio>
#include <iostream>
#include <map>
#include <string>
#include <vector>

#include "hoist/writer.hpp"

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

// In the order of the names, which is not that of the file.
std::string rewritten(const std::string& path, const std::string& layout) {
  const Archive archive = Archive::open(path).value();
  Writer writer =
      Writer::create(path + "." + layout,
                     {.layout = layout == "reference" ? Layout::reference : Layout::aligned, .durable = false})
          .value();
  std::map<std::string_view, TensorView> tensors;
  for (std::size_t i = 0; i < archive.tensors().size(); ++i)
    tensors.emplace(archive.tensors()[i].name, archive.view(i));
  for (const auto& [name, view] : tensors)
    writer.declare(name, view.dtype(), view.shape()).value();
  for (const auto& [key, value] : archive.metadata())
    writer.set_metadata(key, value).value();
  writer.begin().value();
  for (const auto& [name, view] : tensors)
    writer.write(name, view.bytes().value()).value();
  return std::to_string(std::move(writer).commit()->bytes);
}

}  // namespace

int main(int argc, char** argv) {
  const std::string mode = argc > 1 ? argv[1] : "";
  const auto answer = [&](const std::string& path) {
    if (mode == "contents") return contents(path);
    if (!mode.empty()) return rewritten(path, mode);
    return verdict(path, Validation::compatible) + " " + verdict(path, Validation::strict);
  };
  for (std::string path; std::getline(std::cin, path);) {
    try {
      std::cout << answer(path) << "\n";
    } catch (const std::exception& error) {
      std::fprintf(stderr, "%s\n", error.what());
      return 1;
    }
  }
}

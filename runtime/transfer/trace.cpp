#include "transfer/trace.hpp"

#include <rapidjson/stringbuffer.h>
#include <rapidjson/writer.h>

#include <cerrno>
#include <fstream>
#include <set>

#include "base/error.hpp"

namespace hoist::transfer {
namespace {

using Json = rapidjson::Writer<rapidjson::StringBuffer>;
constexpr std::size_t max_name_bytes = 200;

// Lanes as thread numbers, in the order in which a viewer shows them.
unsigned thread_of(Trace::Lane lane, std::uint32_t number) {
  constexpr unsigned lanes_of_a_kind = 100'000;
  return static_cast<unsigned>(lane) * lanes_of_a_kind + number;
}

std::string title(Trace::Lane lane, std::uint32_t number) {
  switch (lane) {
    case Trace::Lane::reader: return "reader " + std::to_string(number);
    case Trace::Lane::slot: return "slot " + std::to_string(number);
    case Trace::Lane::queue: return "queue";
  }
  return {};
}

std::string_view what(Trace::Lane lane) {
  switch (lane) {
    case Trace::Lane::reader: return "read";
    case Trace::Lane::slot: return "filled and copied";
    case Trace::Lane::queue: return "copy";
  }
  return {};
}

void text(Json& json, std::string_view value) {
  json.String(value.data(), static_cast<rapidjson::SizeType>(value.size()));
}

void member(Json& json, const char* key, std::string_view value) {
  json.Key(key);
  text(json, value);
}

void member(Json& json, const char* key, std::uint64_t value) {
  json.Key(key);
  json.Uint64(value);
}

// Times of Chrome's trace events are microseconds.
void member(Json& json, const char* key, Trace::Clock::duration time) {
  json.Key(key);
  json.Double(std::chrono::duration<double, std::micro>(time).count());
}

void begin_event(Json& json, std::string_view name, std::string_view kind, unsigned thread) {
  json.StartObject();
  member(json, "name", name);
  member(json, "ph", kind);
  member(json, "pid", std::uint64_t{1});
  member(json, "tid", std::uint64_t{thread});
}

void name_the_lane(Json& json, const std::string& name, unsigned thread) {
  begin_event(json, "thread_name", "M", thread);
  json.Key("args");
  json.StartObject();
  member(json, "name", name);
  json.EndObject();
  json.EndObject();
}

}  // namespace

Trace::Trace(Clock::time_point start, std::size_t pieces) : start_(start), begun_(pieces) {
  events_.reserve(3 * pieces);
}

void Trace::add(Lane lane, std::uint32_t number, std::uint32_t piece, Clock::time_point begin, Clock::time_point end) {
  events_.push_back({.lane = lane, .number = number, .piece = piece, .begin = begin, .end = end});
}

Result<void> Trace::write(const std::filesystem::path& path, const std::vector<Named>& pieces) const {
  rapidjson::StringBuffer buffer;
  Json json(buffer);
  json.StartObject();
  json.Key("traceEvents");
  json.StartArray();
  std::set<unsigned> named;
  for (const Event& event : events_) {
    const unsigned thread = thread_of(event.lane, event.number);
    if (named.insert(thread).second) name_the_lane(json, title(event.lane, event.number), thread);
    begin_event(json, what(event.lane), "X", thread);
    member(json, "ts", event.begin - start_);
    member(json, "dur", event.end - event.begin);
    json.Key("args");
    json.StartObject();
    member(json, "piece", std::uint64_t{event.piece});
    member(json, "bytes", pieces[event.piece].bytes);
    member(json, "tensor", base::printable(pieces[event.piece].tensor, max_name_bytes));
    json.EndObject();
    json.EndObject();
  }
  json.EndArray();
  json.EndObject();

  errno = 0;
  std::ofstream file(path, std::ios::binary);
  file.write(buffer.GetString(), static_cast<std::streamsize>(buffer.GetSize()));
  file.close();
  if (file) return {};
  return base::system_error(errno != 0 ? errno : EIO, "write the trace", path.string());
}

}  // namespace hoist::transfer

#include "loops.hpp"

#include "raw_loops.hpp"

namespace bench {

Candidate again(const MappedFile& file, unsigned threads, std::size_t count, const NamedLoop& named) {
  return {named.name, [&file, threads, count, loop = named.loop] {
            in_parts(threads, count, [&](auto begin, auto end) { loop(file, begin, end); });
          }};
}

Candidate first_time(const std::filesystem::path& path, unsigned threads, std::size_t count, const NamedLoop& named,
                     Pages pages) {
  return {named.name, [path, threads, count, loop = named.loop, pages] {
            const MappedFile file(path, pages);
            in_parts(threads, count, [&](auto begin, auto end) { loop(file, begin, end); });
          }};
}

}  // namespace bench

#include "figure.hpp"

#include <cstdio>
#include <cstdlib>

namespace bench {

void print(const Figure& figure) {
  std::printf(R"({"figure": "%s", "value": %.6g, "unit": "%s")", figure.name.c_str(), figure.value,
              figure.unit.c_str());
  if (figure.at_least) std::printf(R"(, "at_least": %.6g)", *figure.at_least);
  if (figure.at_most) std::printf(R"(, "at_most": %.6g)", *figure.at_most);
  if (figure.self) std::printf(R"(, "self": %.4f)", *figure.self);
  if (figure.pairs != 0) std::printf(R"(, "pairs": %zu)", figure.pairs);
  for (const auto& [key, value] : figure.detail)
    std::printf(R"(, "%s": %.6g)", key.c_str(), value);
  std::printf("}\n");
  std::fflush(stdout);
}

Figure rate_figure(std::string name, const Comparison& comparison, double bytes, std::optional<double> at_least) {
  Figure figure{.name = std::move(name), .value = comparison.ratio, .unit = "of the limit's rate"};
  figure.at_least = at_least;
  figure.self = comparison.self;
  figure.pairs = comparison.pairs;
  figure.detail = {{"gb_per_s", bytes / comparison.subject_seconds / 1e9},
                   {"limit_gb_per_s", bytes / comparison.limit_seconds / 1e9}};
  return figure;
}

void require(bool condition, const std::string& what) {
  if (condition) return;
  std::fprintf(stderr, "wrong answer, not timed: %s\n", what.c_str());
  std::exit(1);
}

}  // namespace bench

#include "paper/numbers.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <cstdio>

namespace tieline::paper {
namespace {

// Student's t, two-sided 95 %, for 1 to 30 degrees of freedom.
constexpr std::array<double, 30> kStudent = {12.706, 4.303, 3.182, 2.776, 2.571, 2.447, 2.365, 2.306, 2.262, 2.228,
                                             2.201,  2.179, 2.160, 2.145, 2.131, 2.120, 2.110, 2.101, 2.093, 2.086,
                                             2.080,  2.074, 2.069, 2.064, 2.060, 2.056, 2.052, 2.048, 2.045, 2.042};
constexpr double kNormal = 1.960;
constexpr double kZ = 1.959964;  // the same with the digits that Wilson's interval shows
constexpr const char* kPlusMinus = " \xc2\xb1 ";

double wilson(uint64_t part, uint64_t of, double sign) {
  if (of == 0) return 0;
  const auto n = static_cast<double>(of);
  const double p = static_cast<double>(part) / n;
  const double centre = p + kZ * kZ / (2 * n), half = kZ * std::sqrt(p * (1 - p) / n + kZ * kZ / (4 * n * n));
  return std::clamp((centre + sign * half) / (1 + kZ * kZ / n), 0.0, 1.0) * 100;
}

}  // namespace

Estimate estimate(const std::vector<double>& values) {
  Estimate e;
  if (values.empty()) return e;
  const auto n = static_cast<double>(values.size());
  for (const double v : values) e.mean += v;
  e.mean /= n;
  if (values.size() < 2) return e;
  double squares = 0;
  for (const double v : values) squares += (v - e.mean) * (v - e.mean);
  const double t = values.size() - 1 <= kStudent.size() ? kStudent[values.size() - 2] : kNormal;
  e.half = t * std::sqrt(squares / (n - 1) / n);
  return e;
}

double upper_percent(uint64_t part, uint64_t of) { return wilson(part, of, 1); }
double lower_percent(uint64_t part, uint64_t of) { return wilson(part, of, -1); }

double mean_of(const std::vector<int64_t>& values) {
  if (values.empty()) return 0;
  int64_t sum = 0;
  for (const int64_t v : values) sum += v;
  return static_cast<double>(sum) / static_cast<double>(values.size());
}

int64_t percentile_of(std::vector<int64_t> values, int percent) {
  if (values.empty()) return 0;
  std::sort(values.begin(), values.end());
  const size_t rank = (values.size() * static_cast<size_t>(percent) + 99) / 100;
  return values[std::max<size_t>(rank, 1) - 1];
}

std::string plain(double value, int decimals) {
  char text[64];
  std::snprintf(text, sizeof(text), "%.*f", decimals, value);
  return text;
}

std::string fixed(double value, int decimals) {
  std::string text = plain(value, decimals);
  size_t end = text.find('.');
  if (end == std::string::npos) end = text.size();
  const size_t begin = text[0] == '-' ? 1 : 0;
  for (size_t at = end; at > begin + 3;) text.insert(at -= 3, ",");
  return text;
}

std::string whole(double value) { return fixed(value, 0); }

std::string text_of(const Estimate& e, int decimals) {
  return fixed(e.mean, decimals) + kPlusMinus + fixed(e.half, decimals);
}

}  // namespace tieline::paper

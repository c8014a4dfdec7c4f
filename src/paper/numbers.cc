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
constexpr const char* kPlusMinus = " \xc2\xb1 ";

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

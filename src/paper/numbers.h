#pragma once
// Means with confidence intervals, and numbers as people read them. Doubles are only added, divided and rooted, which
// IEEE 754 fixes to the bit, so that the text is the same on every machine.

#include <cstdint>
#include <string>
#include <vector>

namespace tieline::paper {

struct Estimate {
  double mean = 0;
  double half = 0;  // of the 95 % interval (Student's t); 0 for fewer than two values
};
Estimate estimate(const std::vector<double>& values);

// The ends of the 95 % interval of a share (Wilson), in per cent.
double upper_percent(uint64_t part, uint64_t of);
double lower_percent(uint64_t part, uint64_t of);

double mean_of(const std::vector<int64_t>& values);               // 0 for none
int64_t percentile_of(std::vector<int64_t> values, int percent);  // nearest rank; 0 for none

std::string fixed(double value, int decimals);         // 1234.5 -> "1,234.5"
std::string whole(double value);                       // 1234.5 -> "1,235"
std::string text_of(const Estimate& e, int decimals);  // "4,200 +- 12" with the sign for it
std::string plain(double value, int decimals);         // for CSV: no separators

}  // namespace tieline::paper

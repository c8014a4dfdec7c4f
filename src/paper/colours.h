#pragma once
// A series keeps its colour in all plots of a page.

#include <array>
#include <string>

namespace tieline::paper {

inline constexpr size_t kColours = 6;

// The number of the colour of a series; one that nobody expected takes the colour of its place.
inline size_t colour_of(const std::string& name, size_t place) {
  constexpr std::array<const char*, kColours> kNames = {"cbft, one leader", "cbft, round-robin", "cbft, drawn",
                                                        "pbft, one leader", "pbft, round-robin", "pbft"};
  for (size_t i = 0; i < kNames.size(); ++i)
    if (name == kNames[i]) return i;
  return place % kColours;
}

}  // namespace tieline::paper

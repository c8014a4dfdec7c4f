#include "sim/client_history.h"

#include <algorithm>

namespace tieline::sim {
namespace {

std::string text(const ClientHistory::Position& position) {
  return std::to_string(position.first) + "/" + std::to_string(position.second);
}

}  // namespace

std::optional<std::string> ClientHistory::appended(const Position& since, const Position& at) {
  top_ = std::max(top_, at);
  if (at > since) return std::nullopt;
  return "a transaction stands at " + text(at) + ", not behind " + text(since) +
         ", which a client was told of before it was submitted";
}

std::optional<std::string> ClientHistory::read(const Position& since, Height height,
                                               const std::optional<Position>& told,
                                               const std::optional<Position>& found) {
  top_ = std::max(top_, {height, std::numeric_limits<uint32_t>::max()});
  if (height < since.first) {
    return "a read is answered at height " + std::to_string(height) + ", below " + text(since) +
           ", which a client was told of before";
  }
  if (told && told->first <= height && found != told) {
    return "a read at height " + std::to_string(height) + " finds " + (found ? "at " + text(*found) : "nowhere") +
           " what was acknowledged at " + text(*told);
  }
  if (found && found->first > height)
    return "a read at height " + std::to_string(height) + " finds something at " + text(*found);
  return std::nullopt;
}

}  // namespace tieline::sim

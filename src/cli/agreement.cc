#include "cli/agreement.h"

#include <algorithm>
#include <chrono>
#include <map>
#include <set>
#include <thread>

namespace tieline::cli {
namespace {

constexpr size_t kPage = 100;
constexpr int64_t kAskMs = 10'000;
constexpr auto kPoll = std::chrono::milliseconds(100);

struct Standing {
  Height height = 0, root_height = 0;
  std::string tip, state_root;
  uint64_t pending = 0;
};
Result<Standing> standing_of(LocalNetwork& network, size_t i) {
  auto status = network.get(i, "/v1/status", kAskMs);
  if (!status) return status.error();
  Standing out;
  out.height = status->value("height", Height{0});
  out.root_height = status->value("state_root_height", Height{0});
  out.tip = status->value("tip", "");
  out.state_root = status->value("state_root", "");
  out.pending = status->value("pending", uint64_t{0});
  return out;
}

}  // namespace

Status wait_settled(LocalNetwork& network, int64_t timeout_ms) {
  const auto deadline = std::chrono::steady_clock::now() + std::chrono::milliseconds(timeout_ms);
  std::string where;
  while (true) {
    std::set<Height> heights, roots;
    bool idle = true;
    where.clear();
    for (size_t i = 0; i < network.size(); ++i) {
      auto at = standing_of(network, i);
      where += " validator-" + std::to_string(i) + ": ";
      if (!at) {
        where += at.error().code;
        idle = false;
        continue;
      }
      where += std::to_string(at->height) + " (" + std::to_string(at->pending) + " pending)";
      heights.insert(at->height);
      roots.insert(at->root_height);
      idle = idle && at->pending == 0;
    }
    if (idle && heights.size() == 1 && roots.size() == 1) return {};
    if (std::chrono::steady_clock::now() > deadline)
      return Error{"timed_out", "the validators do not come to rest:" + where};
    std::this_thread::sleep_for(kPoll);
  }
}

Result<Agreement> compare_validators(LocalNetwork& network, const std::function<void(Height)>& progress) {
  Agreement out;
  std::vector<Standing> all;
  for (size_t i = 0; i < network.size(); ++i) {
    auto at = standing_of(network, i);
    if (!at) return at.error();
    all.push_back(*at);
  }
  out.height = std::min_element(all.begin(), all.end(), [](const auto& a, const auto& b) {
                 return a.height < b.height;
               })->height;
  out.state_roots_equal = std::all_of(all.begin(), all.end(), [&](const Standing& s) {
    return s.root_height == all[0].root_height && s.state_root == all[0].state_root;
  });
  // Equal heights have equal tips; the state under them is bound by the header's digest of its writes.
  for (const Standing& s : all) {
    if (s.height == all[0].height && s.tip != all[0].tip) out.state_roots_equal = false;
  }
  out.root_height = all[0].root_height;
  out.state_root = all[0].state_root;
  out.digests.resize(out.height);
  for (size_t i = 0; i < network.size(); ++i) {
    // A validator that joined by snapshot has no blocks before it: pages then end early, and the next page is tried.
    for (Height from = 1; from <= out.height; from += kPage) {
      if (progress) progress(from);
      auto page = network.get(i, "/v1/blocks?from=" + std::to_string(from) + "&limit=" + std::to_string(kPage), kAskMs);
      if (!page) return page.error();
      for (const Json& block : page->value("blocks", Json::array())) {
        const Height height = block.value("height", Height{0});
        const std::string digest = block.value("block", "");
        if (height == 0 || height > out.height) continue;
        std::string& known = out.digests[height - 1];
        if (known.empty()) {
          known = digest;
        } else if (known != digest) {
          ++out.forks;
        }
      }
    }
  }
  return out;
}

}  // namespace tieline::cli

#include "sim/printed/message.h"

namespace tieline::sim::printed {
namespace {

constexpr BlockName kLetters = 26;

std::string at(View view, Height height) {
  return "(view " + std::to_string(view) + ", height " + std::to_string(height) + ")";
}

}  // namespace

std::map<Height, BlockName> assign(const std::vector<MessagePtr>& v) {
  std::map<Height, std::map<View, std::map<BlockName, size_t>>> reported;
  for (const MessagePtr& change : v)
    for (const Reported& r : change->q) ++reported[r.height][r.view][r.block];
  std::map<Height, BlockName> x;
  for (const auto& [height, views] : reported) {
    const auto& blocks = views.rbegin()->second;  // of the highest view
    auto most = blocks.begin();
    for (auto it = blocks.begin(); it != blocks.end(); ++it)
      if (it->second > most->second) most = it;
    x.emplace(height, most->first);
  }
  return x;
}

std::string block_text(BlockName block) {
  if (block == 0) return "none";
  const BlockName round = (block - 1) / kLetters;
  return std::string(1, static_cast<char>('A' + (block - 1) % kLetters)) + (round > 0 ? std::to_string(round) : "");
}

std::string describe(const Message& m, Height from_height) {
  switch (m.kind) {
    case Kind::kPropose:
      return "PROPOSE " + at(m.view, m.height) + " block " + block_text(m.block);
    case Kind::kConfirm:
      return "CONFIRM " + at(m.view, m.height) + " block " + block_text(m.block);
    case Kind::kViewChange: {
      std::string q;
      for (const Reported& r : m.q)
        if (r.height >= from_height)
          q += (q.empty() ? "" : ", ") + std::to_string(r.height) + ": " + block_text(r.block) + " of view " +
               std::to_string(r.view);
      return "VIEW-CHANGE to view " + std::to_string(m.view) + ", Q = {" + q + "}";
    }
    case Kind::kViewChangeAck:
      return "VIEW-CHANGE-ACK to view " + std::to_string(m.view) + " for validator " + std::to_string(m.subject->from);
    case Kind::kNewView: {
      std::string x;
      for (const auto& [height, block] : m.x)
        if (height >= from_height) x += (x.empty() ? "" : ", ") + std::to_string(height) + ": " + block_text(block);
      std::string v;
      for (const MessagePtr& change : m.v) v += (v.empty() ? "" : ", ") + std::to_string(change->from);
      return "NEW-VIEW " + std::to_string(m.view) + ", V of {" + v + "}, X = {" + x + "}";
    }
    case Kind::kState:
      return "STATE up to height " + std::to_string(m.executed.size());
  }
  return "?";
}

}  // namespace tieline::sim::printed

// Messages as one line each, for the logs of scenarios.

#include "cluster.h"

namespace tieline::testing {

std::string describe(const Slot& s) {
  return std::to_string(s.epoch) + "." + std::to_string(s.view) + "." + std::to_string(s.index);
}

std::string describe(const Message& message) {
  std::string out = message_name(message);
  std::visit(
      [&](const auto& m) {
        using M = std::decay_t<decltype(m)>;
        if constexpr (std::is_same_v<M, Propose>) {
          out += " " + describe(m.slot) + " height " + std::to_string(m.header.height) +
                 (m.header.is_void ? " void" : "") + (m.header.ends_epoch() ? " ends epoch" : "") +
                 (m.new_view ? " with NEW-VIEW" : "") + " justify " + describe(m.justify.slot);
        } else if constexpr (std::is_same_v<M, Confirm> || std::is_same_v<M, PrepareVote> ||
                             std::is_same_v<M, CommitVote>) {
          out += " " + describe(m.slot) + " height " + std::to_string(m.height);
        } else if constexpr (std::is_same_v<M, ViewChange>) {
          out += " " + std::to_string(m.epoch) + "." + std::to_string(m.view) +
                 (m.kind == ViewChangeKind::kTimeout   ? " timeout"
                  : m.kind == ViewChangeKind::kPlanned ? " planned"
                                                       : " joined") +
                 " highQC " + describe(m.high_qc.slot) +
                 (m.last_vote ? " lastVote " + describe(m.last_vote->slot) : "");
        } else if constexpr (std::is_same_v<M, ViewChangeAck>) {
          out += " " + std::to_string(m.view) + " of " + std::to_string(m.subject);
        } else if constexpr (std::is_same_v<M, NewView>) {
          out += " " + std::to_string(m.epoch) + "." + std::to_string(m.view) + " J " + describe(m.justify_slot) +
                 (m.repropose ? " again" : " new child");
        } else if constexpr (std::is_same_v<M, Heartbeat>) {
          out += " " + std::to_string(m.epoch) + "." + std::to_string(m.view) + " committed " +
                 std::to_string(m.committed);
        } else if constexpr (std::is_same_v<M, Decided>) {
          out += " height " + std::to_string(m.header.height);
        } else if constexpr (std::is_same_v<M, RejoinReply>) {
          out += " " + std::to_string(m.epoch) + "." + std::to_string(m.view);
        } else if constexpr (std::is_same_v<M, RequestVote>) {
          out += std::string(m.pre ? " pre" : "") + (m.planned ? " planned" : "") + " term " + std::to_string(m.term) +
                 " log " + describe(m.last);
        } else if constexpr (std::is_same_v<M, TermReply>) {
          out += std::string(m.kind == TermReplyKind::kHeartbeat ? " heard"
                             : m.kind == TermReplyKind::kPreVote ? " pre-vote"
                                                                 : " vote") +
                 (m.granted ? " yes" : " no") + " term " + std::to_string(m.term) + " log " + describe(m.last);
        } else if constexpr (std::is_same_v<M, CheckpointVote>) {
          out += " height " + std::to_string(m.height);
        }
      },
      message.payload);
  return out;
}

}  // namespace tieline::testing

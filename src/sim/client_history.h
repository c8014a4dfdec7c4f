#pragma once
// Whether what the clients saw is linearizable: whether there is one order of all operations that explains every answer
// and in which an operation that was over before another began stands before it (Herlihy and Wing, 1990).
//
// The object is an append-only log. Operations are append(transaction) -> position, over when f+1 validators have given
// the same position, and read(least height) -> (height, what stands where), over at once. Its sequential behaviour
// leaves no choice: an answer carries the place of the operation in the order. So one candidate order is to be checked
// and no search is needed: appends by position, a read of height h behind the last position of h.
//   - The order is one log: no two transactions at one place, none twice, the same for everybody (checkers.h: fork,
//     commit_order, invalid, lost_ack).
//   - Real time: an append stands behind everything that was over before it was submitted. It is enough to compare with
//     the highest of those; a read counts with its height.
//   - A read shows what was over before it: its height is no lower, and each acknowledged transaction stands where its
//     client was told.
// What it does not cover: reads of one validator without a least height. They may be old, and are promised to be no
// more.

#include <limits>
#include <optional>
#include <string>
#include <utility>

#include "model/ids.h"

namespace tieline::sim {

class ClientHistory {
 public:
  using Position = std::pair<Height, uint32_t>;  // of a transaction: height, index in the block

  // Taken when an operation begins: the highest position that any client was told of by then.
  Position begun() const { return top_; }
  // An append that began at `since` is over. What is wrong with it, if anything.
  std::optional<std::string> appended(const Position& since, const Position& at);
  // A read that began at `since` was answered at `height`. `told` is where some transaction was acknowledged before
  // (none: not yet), `found` where the answer has it (none: nowhere).
  std::optional<std::string> read(const Position& since, Height height, const std::optional<Position>& told,
                                  const std::optional<Position>& found);

 private:
  Position top_{};
};

}  // namespace tieline::sim

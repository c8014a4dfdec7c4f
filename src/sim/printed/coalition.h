#pragma once
// Byzantine validators of the printed CBFT: correct nodes inside, and between them and the network liars that know of
// each other. A primary among them proposes two blocks for a number, each to some of the validators; all of them
// CONFIRM to everyone what that one was shown; in view changes they report whichever block they like. Or they say
// nothing.

#include <optional>

#include "base/rng.h"
#include "sim/faults.h"
#include "sim/printed/message.h"

namespace tieline::sim::printed {

struct Lie {
  uint32_t from = 0;
  uint32_t to = 0;  // bit a validator
  MessagePtr message;
};

class Coalition {
 public:
  Coalition(const Plan& plan, size_t validators);
  bool has(uint32_t validator) const { return mask_ >> validator & 1; }
  bool silent(uint32_t validator) const { return silent_ >> validator & 1; }
  uint64_t splits() const { return splits_made_; }
  // What leaves instead of `message`, which `from` would send to everyone in `to`. `new_block` makes the second block.
  template <class NewBlock>
  void outgoing(const MessagePtr& message, uint32_t to, const NewBlock& new_block, std::vector<Lie>& out) {
    if (silent(message->from)) return;
    if (message->kind == Kind::kPropose && !split_at(message->view, message->height))
      make_split(*message, new_block(), out);
    else if (message->kind == Kind::kPropose || message->kind == Kind::kConfirm)
      repeat(message, to, out);
    else if (message->kind == Kind::kViewChange)
      report(*message, to, out);
    else if (message->kind != Kind::kState)
      out.push_back({message->from, to, message});
  }

 private:
  struct Split {
    BlockName first = 0, second = 0;
    uint32_t sees_first = 0;
  };
  const Split* split_at(View view, Height height) const;
  void make_split(const Message& proposal, BlockName second, std::vector<Lie>& out);
  void repeat(const MessagePtr& message, uint32_t to, std::vector<Lie>& out) const;
  void report(const Message& change, uint32_t to, std::vector<Lie>& out);

  size_t validators_;
  uint32_t mask_ = 0;
  uint32_t silent_ = 0;
  Rng rng_;
  std::map<std::pair<Height, View>, Split> splits_;
  uint64_t splits_made_ = 0;
};

}  // namespace tieline::sim::printed

#pragma once
// The messages of paper 000, section III, in the names that it prints. They stay inside this small world: they have no
// wire form, and no node can be told to speak them. Nobody can forge here either: `from` is who made the message, and
// what a NEW-VIEW holds are the very VIEW-CHANGEs that arrived.

#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "model/ids.h"

namespace tieline::sim::printed {

using BlockName = uint64_t;  // stands for a block and its digest; 0: none

enum class Kind : uint8_t { kPropose, kConfirm, kViewChange, kViewChangeAck, kNewView, kState };

struct Reported {  // an entry of Q
  Height height = 0;
  View view = 0;
  BlockName block = 0;
};

struct Message;
using MessagePtr = std::shared_ptr<const Message>;

struct Message {
  Kind kind{};
  uint32_t from = 0;
  View view = 0;                         // nu; the new one in view changes
  Height height = 0;                     // n, "the number of the block request"
  BlockName block = 0;                   // D(block)
  std::vector<Reported> q = {};          // VIEW-CHANGE: ascending height
  MessagePtr subject = {};               // VIEW-CHANGE-ACK: the VIEW-CHANGE it acknowledges
  std::vector<MessagePtr> v = {};        // NEW-VIEW: 2f+1 VIEW-CHANGEs
  std::map<Height, BlockName> x = {};    // NEW-VIEW: what each number is assigned to
  std::vector<BlockName> executed = {};  // STATE: the chain of the sender, so that who missed a block can catch up
};

// What V assigns to each block number, from the Q sets alone: the proposal of the highest view; of several, the one
// reported most often; of those, the first name. The paper does not say which. No choice from Q helps (docs/paper.md).
std::map<Height, BlockName> assign(const std::vector<MessagePtr>& v);

std::string block_text(BlockName block);
std::string describe(const Message& message, Height from_height);  // Q and X from this height up

}  // namespace tieline::sim::printed

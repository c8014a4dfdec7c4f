#pragma once
// The small names everything else is written in. Heights, epochs and views are 64-bit and never wrap in practice.

#include <compare>
#include <cstdint>

#include "base/bytes.h"
#include "base/codec.h"

namespace tieline {

using ChainId = Hash;            // SHA-256 of the genesis file's canonical encoding (model/genesis.h)
using ValidatorId = uint16_t;    // permanent: given at registration, never reused
using OrgId = uint16_t;          // an organisation; one may run several validators
using ParticipantId = uint32_t;  // permanent
using MeterId = uint32_t;        // a metering point, permanent
using TxId = Hash;               // SHA-256 of the exact signed transaction as it travels, signatures included
using Height = uint64_t;         // genesis state has height 0; the first block has height 1
using Epoch = uint64_t;
using View = uint64_t;

// Where a vote is cast: epoch, view, index in the view; ordered lexicographically. An epoch starts from its parent's
// last block E, which stands at index -1 of view 0.
struct Slot {
  Epoch epoch = 0;
  View view = 0;
  int64_t index = -1;
  auto operator<=>(const Slot&) const = default;
  bool is_epoch_start() const { return view == 0 && index == -1; }
};
inline void encode(Writer& w, const Slot& s) {
  w.u64(s.epoch);
  w.u64(s.view);
  w.i64(s.index);
}
inline void decode(Reader& r, Slot& s) {
  s.epoch = r.u64();
  s.view = r.u64();
  s.index = r.i64();
  if (s.index < -1 || (s.index == -1 && s.view != 0)) r.fail();
}

}  // namespace tieline

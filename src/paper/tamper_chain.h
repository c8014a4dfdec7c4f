#pragma once
// A ledger with a door, for experiments about what gets in: bytes are parsed, their signatures checked, prechecked, and
// executed a block at a time, all by the code of a validator. What a refused proposal was refused by is a name: of the
// parser's error, "bad_signature", or of the ledger's code.

#include <optional>
#include <string>

#include "crypto/ed25519_scheme.h"
#include "ledger/ledger.h"
#include "ledger/memory_store.h"

namespace tieline::paper {

class TamperChain {
 public:
  explicit TamperChain(Genesis genesis);

  const ChainId& chain() const { return ledger_.chain(); }
  Height height() const { return tip_.height; }
  const Ledger& ledger() const { return ledger_; }

  // None: it waits for the next block, under `ticket`. Otherwise why it does not.
  std::optional<std::string> submit(Bytes bytes, size_t ticket);

  struct Outcome {
    size_t ticket = 0;
    std::string refused;  // empty: accepted
    TxPtr tx;
  };
  std::vector<Outcome> close_block(int64_t time_ms);

 private:
  Ed25519Verifier verifier_;
  Ledger ledger_;
  MemoryStore store_;
  Header tip_;
  struct Waiting {
    TxPtr tx;
    size_t ticket;
  };
  std::vector<Waiting> waiting_;
};

}  // namespace tieline::paper

#pragma once
// A receipt proves, offline and with nothing but the genesis file, that a transaction was accepted in a block that the
// validators committed. docs/formats/receipt.md. Authentic, not fresh: a later correction is not visible in it.

#include "model/certificate.h"
#include "model/genesis.h"

namespace tieline {

inline constexpr size_t kReceiptBytesMax = 8 * 1024 * 1024;
inline constexpr size_t kCommitteeLinksMax = 100'000;

// One step of trust from a committee to a later one: the last block of an epoch names the next committee's digest and
// is CONFIRMed, at one slot, by members of an already trusted committee that form that committee's quorum under the
// keys it holds. Votes name validators, not positions, so that epochs between the two may be skipped. An aggregate can
// only be checked whole, so all its signers must be members of that committee: adding up a key that is not trusted yet
// would let its owner sign for others.
struct CommitteeLink {
  struct Vote {
    ValidatorId signer = 0;
    Signature signature;
    bool operator==(const Vote&) const = default;
  };
  Header header;                       // ends_epoch()
  Slot slot;                           // where it was CONFIRMed; slot.epoch == header.epoch
  std::vector<Vote> votes;             // strictly ascending signer; empty with an aggregate
  std::vector<ValidatorId> signers{};  // of the aggregate, strictly ascending; empty without
  std::optional<bls::Signature> aggregate{};
  Committee next;  // digest() == *header.next_committee, epoch() == header.epoch + 1
  bool operator==(const CommitteeLink&) const = default;
};

struct Receipt {
  uint8_t version = 1;
  ChainId chain;
  Bytes transaction;          // as signed
  uint32_t index = 0;         // in the block
  std::vector<Hash> tx_path;  // Merkle path to header.tx_root
  TxResult result;
  std::vector<Hash> result_path;  // Merkle path to header.result_root
  Header header;
  CommitProof proof;                 // that header is committed
  std::vector<CommitteeLink> links;  // from genesis' committee to header.epoch's; steps may be skipped
  bool operator==(const Receipt&) const = default;
};
void encode(Writer& w, const Receipt& r);
void decode(Reader& r, Receipt& receipt);
void encode(Writer& w, const CommitteeLink::Vote& v);
void decode(Reader& r, CommitteeLink::Vote& v);
void encode(Writer& w, const CommitteeLink& l);
void decode(Reader& r, CommitteeLink& l);

struct ReceiptFacts {  // what a valid receipt proves
  TxId txid;
  Height height = 0;
  int64_t time_ms = 0;
  uint16_t result_code = 0;
  std::vector<ValidatorId> signers;
  size_t quorum = 0;     // how many were needed
  size_t committee = 0;  // of how many
};
// Errors: receipt_malformed, receipt_wrong_chain, receipt_bad_path, receipt_bad_result, receipt_untrusted_committee,
// receipt_bad_signature (the transaction's own), and those of verify_commit. Every single bit of the bytes matters.
Result<ReceiptFacts> verify_receipt(ByteView bytes, const Genesis& genesis, const Verifier& verifier);
// Follows links from the genesis committee; yields the committee of `epoch`.
Result<Committee> follow_links(const std::vector<CommitteeLink>& links, Epoch epoch, const Genesis& genesis,
                               const ChainId& chain, const Verifier& verifier);

}  // namespace tieline

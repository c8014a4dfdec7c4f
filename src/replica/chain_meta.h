#pragma once
// What the replica keeps in the store beside the ledger's own: where the epoch began, the links from one committee to
// the next, the newest stable checkpoint. Column::kMeta, keys below "replica/" (docs/formats/log.md, "In the store").

#include <optional>

#include "ledger/store.h"
#include "model/certificate.h"
#include "model/receipt.h"

namespace tieline::replica {

// The last block of the epoch before `epoch`: what stands at slot (epoch, 0, -1).
struct EpochStart {
  Epoch epoch = 0;
  Header header;
  std::optional<CommitProof> proof;  // none for genesis
};
void encode(Writer& w, const EpochStart& s);
void decode(Reader& r, EpochStart& s);

// A store that began with a snapshot holds blocks from `from` up; `parent` is the digest of the one below.
struct HistoryMark {
  Height from = 0;
  Hash parent;
  bool operator==(const HistoryMark&) const = default;
};
void encode(Writer& w, const HistoryMark& m);
void decode(Reader& r, HistoryMark& m);

StoreWrite history_write(const std::optional<HistoryMark>& mark);  // none: the history is whole
Result<std::optional<HistoryMark>> stored_history(const StoreReader& store);
StoreWrite epoch_start_write(const EpochStart& start);
StoreWrite link_write(const CommitteeLink& link);
StoreWrite stable_write(const CheckpointCert& certificate);

// None: never written. Errors: corrupt_store.
Result<std::optional<EpochStart>> stored_epoch_start(const StoreReader& store);
Result<std::optional<CheckpointCert>> stored_stable(const StoreReader& store);
// The link that the last block of `epoch` gives, to the committee of epoch + 1.
std::optional<CommitteeLink> stored_link(const StoreReader& store, Epoch epoch);

// Links from genesis to the committee of `epoch`, oldest first: none for epoch 0. Votes name validators, so epochs are
// skipped where those who signed a link form a quorum of an older committee too, by that one's own members and weights;
// mostly genesis' own, and one link is enough. Errors: not_applied_yet (a link is not known here).
Result<std::vector<CommitteeLink>> links_to(const StoreReader& store, const Committee& genesis, Epoch epoch);

// `certificate` confirms the last block of an epoch, by members of `committee`, that epoch's.
CommitteeLink make_link(const Header& header, const Certificate& certificate, const Committee& committee,
                        Committee next);

}  // namespace tieline::replica

#pragma once
// A consensus engine is a deterministic state machine: step(now, input) -> effects. It reads no clock, no random
// device, no socket and no file. Its effects are data; the driver (replica/) carries them out in order, and the same
// object runs in the node and in the simulator.
//
// - Durability is data: a Send or Commit names the log position (lsn) that must be durable before it may leave.
// - An engine counts its own vote only when it comes back: a Send to all includes the sender, delivered by the driver
// once
//   the lsn is durable. So nothing is ever built on a vote that a crash could forget.
// - Timers carry a generation: arming an id again or disarming it makes earlier firings stale.
// - Committees come only from the committed chain (Applied).
// - Malformed or impossible input of a peer is dropped and counted (Drop), never an exception; a broken invariant
// aborts.

#include <memory>
#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "base/time.h"
#include "consensus/messages.h"
#include "model/block.h"
#include "model/certificate.h"
#include "model/committee.h"
#include "model/evidence.h"
#include "model/genesis.h"

namespace tieline::consensus {

using Lsn = uint64_t;  // 0: nothing to wait for

enum class TimerId : uint8_t {
  kProgress,    // the oldest pending transaction is not committed in time
  kPassedOver,  // the leader keeps committing full blocks without it
  kViewChange,  // n-f are changing to a view whose NEW-VIEW does not come
  kResend,      // VIEW-CHANGE, ACK and rejoin requests again, byte for byte
  kHeartbeat,   // the idle leader tells where it stands
  kCount
};

// --- inputs ---------------------------------------------------------------------------------------------------------

// First input after construction.
struct Started {};
struct Received {
  ValidatorId from = 0;  // the authenticated peer of the link; the engine's own id for what comes back
  MessagePtr message;
};
struct TimerFired {
  TimerId id{};
  uint64_t generation = 0;
};
// Answer to WantBlock: a complete block above the parent that was asked for. Its body is in the replica's hands and
// will be durable with the Persist that names it.
struct BlockBuilt {
  uint64_t ticket = 0;
  BlockPtr block;
};
// Answer to Judge: the body is held and executed. `valid` is a pure function of the block and its parent chain. No
// answer comes while the body or its parent is missing (the replica keeps fetching, parents too) or while the block's
// time lies ahead of this clock by more than the drift.
struct Judged {
  Hash block;
  bool valid = false;
  std::string why;
  BlockPtr body;                        // always, valid or not
  std::optional<BadTransaction> bad{};  // the one that makes it invalid, where that can be shown to anyone
};
// The block is in the committed chain and executed. Comes once a committed block, in order. In an epoch's last block
// the committee of the next epoch.
struct Applied {
  Header header;
  Hash block;
  std::optional<Committee> next_committee;
};
// Since when the oldest transaction waits that is executable and was sent to the leader; none: nothing pending.
struct Pending {
  std::optional<int64_t> oldest_us;  // mono_us
};
// Blocks that catch-up fetched: headers in order, the first a child of the last applied block, and the proof for the
// last. All of one epoch: a run of blocks ends at an epoch's last block, since only its execution yields the next
// committee.
struct CaughtUp {
  std::vector<Header> headers;
  CommitProof proof;  // of the last
};
// The replica installed a snapshot: the committed block is now `header`, in an epoch with this committee. `epoch_start`
// is the block at the slot (epoch, 0, -1); `start_ms` its time, `epoch_base` its height.
struct Installed {
  Header header;
  Hash block;
  Committee committee;
  Hash epoch_start;
  Height epoch_base = 0;
  int64_t epoch_start_ms = 0;
  CommitProof proof;
};
// The state root of a checkpoint height, computed after the block was applied.
struct CheckpointReached {
  Height height = 0;
  Hash block;
  Hash state_root;
};

// A peer handed on, under its signature, a transaction that does not verify; the proof has been checked.
struct SubmissionRejected {
  RejectedSubmission proof;
};

using Input = std::variant<Started, Received, TimerFired, BlockBuilt, Judged, Applied, Pending, CaughtUp, Installed,
                           CheckpointReached, SubmissionRejected>;

// --- durable state --------------------------------------------------------------------------------------------------

// What a validator must not forget. Fits one disk sector (512 bytes with its checksum); written in place in two
// alternate sectors and once more in the log (docs/formats/log.md). high_qc and new_view are kept in the log by digest.
struct VoteRecord {
  uint64_t sequence = 0;  // grows by one with every Persist
  Epoch epoch = 0;
  View view = 0;
  bool view_changing = false;  // sent a VIEW-CHANGE for `view`, no NEW-VIEW of it seen yet
  std::optional<LastVote> last_vote;
  Slot high_slot;  // of high_qc
  Height high_height = 0;
  Hash high_block;
  bool rejoining = false;
  std::optional<ValidatorId> voted_for;  // raft: in the term `view`
  View pre_voted = 0;                    // raft: the highest term for which a pre-vote was granted
  bool operator==(const VoteRecord&) const = default;
};
void encode(Writer& w, const VoteRecord& r);
void decode(Reader& r, VoteRecord& record);

// What the log gives back after a crash. A vote whose certificate, body or messages are gone (power failed inside the
// sync that carried all of them) stands as it is: the engine neither votes again at or below it nor sends a VIEW-CHANGE
// until it holds them again.
struct Recovered {
  std::optional<VoteRecord> vote;      // none: a first start (empty folder)
  bool damaged = false;                // nobody can tell which vote was the last: the validator must rejoin
  std::optional<Certificate> high_qc;  // matching vote.high_slot unless that is an epoch start
  MessagePtr new_view;                 // the NEW-VIEW last_vote refers to, if index 0 and view > 0
  MessagePtr own_proposal;             // PROPOSE of this node for last_vote.slot, to be sent again, never a new one
  MessagePtr own_view_change;          // VIEW-CHANGE sent for `view`, byte for byte
  std::vector<Header> uncommitted;     // headers of bodies held above the applied tip, parents first
};
// Where the committed chain stands at construction.
struct ChainState {
  Header tip;  // last applied (genesis header: height 0)
  Hash tip_digest;
  std::optional<CommitProof> tip_proof;  // none at genesis
  Committee committee;                   // of the epoch that the next block belongs to
  Hash epoch_start;                      // block at slot (epoch, 0, -1)
  Height epoch_base = 0;                 // its height
  int64_t epoch_start_ms = 0;
  std::optional<CheckpointCert> stable;
  std::optional<CommitProof> epoch_start_proof;  // that epoch_start is committed; none in epoch 0
};

// --- effects --------------------------------------------------------------------------------------------------------

// Make durable in one sync: the record, and with it (when named) the body of `body` and of its uncommitted ancestors,
// and the messages given. Lsns ascend.
struct Persist {
  Lsn lsn = 0;
  VoteRecord record;
  std::optional<Hash> body;
  std::optional<Certificate> high_qc;  // when it changed
  std::vector<MessagePtr> messages;    // NEW-VIEW, own PROPOSE, own VIEW-CHANGE
};
struct Send {
  std::vector<ValidatorId> to;  // empty: every member, the sender included
  MessagePtr message;
  Lsn after = 0;
};
struct ArmTimer {
  TimerId id{};
  uint64_t generation = 0;
  std::optional<int64_t> deadline_us;  // mono_us; none: disarmed
};
// The leader wants a block above `parent`. With `allow_empty` false the replica answers when there is something worth
// proposing; true: at once.
struct WantBlock {
  uint64_t ticket = 0;  // a newer ticket replaces an older one; ticket 0 withdraws
  Hash parent;
  Header parent_header;
  Epoch epoch = 0;
  bool is_void = false;
  bool allow_empty = false;
  Evidence evidence;
};
struct Judge {
  Header header;
  Hash block;
  std::vector<TxId> txs;  // as proposed; empty with `known_by_digest`: only the digest is known, fetch the whole block
  Bytes evidence;
  bool known_by_digest = false;
  bool fresh = false;                // a new block: its time must not lie before this clock by more than the drift
  std::vector<ValidatorId> holders;  // who can be asked
};
// Commit, in order, the ancestors of the last applied block's descendant `block`; each is applied and answered by
// Applied.
struct Commit {
  std::vector<Hash> blocks;  // parents first
  std::vector<Header> headers;
  CommitProof proof;  // of the last one
  Lsn after = 0;
};
// A committed block is known whose chain is not held here: catch up to it.
struct Behind {
  Height height = 0;
  Epoch epoch = 0;
  std::vector<ValidatorId> holders;
};
struct StableCheckpoint {
  CheckpointCert certificate;
};
struct Drop {  // counted by code; `evil` is proof or near-proof of misbehaviour of the link's peer
  ValidatorId from = 0;
  const char* code = "";
};
struct Trace {
  std::string event;  // one line, stable wording; golden scenarios compare it
};

// More than f members are faulty (two certificates for a slot, a certificate on an invalid block): the validator must
// stop before it signs anything more. The replica turns it into Fatal; the simulator counts it.
struct Broken {
  std::string why;
};

using Effect =
    std::variant<Persist, Send, ArmTimer, WantBlock, Judge, Commit, Behind, StableCheckpoint, Drop, Trace, Broken>;
using Effects = std::vector<Effect>;

struct EngineStatus {
  Epoch epoch = 0;
  View view = 0;
  bool view_changing = false;
  bool rejoining = false;
  std::optional<ValidatorId> primary;
  Slot high_slot;
  Height committed = 0;
};

class Engine {
 public:
  virtual ~Engine() = default;
  virtual void step(const Now& now, const Input& input, Effects& effects) = 0;
  virtual EngineStatus status() const = 0;
  virtual std::unique_ptr<Engine> clone() const = 0;
};

struct EngineConfig {
  ChainId chain;
  ConsensusParams params;
  ValidatorId self = 0;
  Hash rejoin_nonce;   // fresh per start, from the caller
  bool trace = false;  // Trace effects, for golden scenarios and the simulator's readable runs
};

// What an operator must know before trusting it with anything; empty where liars up to f are survived.
const char* engine_warning(EngineKind kind);

// Genesis may name an engine that this build does not have; whoever reads a genesis file asks first.
bool engine_is_built(EngineKind kind);
std::string built_engines();  // "cbft, pbft", for messages

// `signer` and `verifier` must outlive the engine; both are pure. Aborts on an engine that is not built.
std::unique_ptr<Engine> make_engine(EngineConfig config, ChainState chain, Recovered recovered, const Signer& signer,
                                    const Verifier& verifier);

}  // namespace tieline::consensus

#pragma once
// What a trace of a validator says, record by record (docs/formats/trace.md): how its engine was made, every input with
// the time it came at, what the engine signed and which effects it had; and beside them what the host did about them:
// appends to the log, the syncs, the messages that left. Enough to run the same engine again without the validator's
// key, its disk or its network.
//
// Encoded in Borsh: u8 kind, then the fields in order. Blocks are whole, in transfer form.

#include <memory>
#include <string>
#include <variant>
#include <vector>

#include "consensus/engine.h"

namespace tieline::trace {

using consensus::Lsn;

inline constexpr uint32_t kTraceVersion = 2;
inline constexpr size_t kRecordBytesMax = 64 * 1024 * 1024;  // of one step with all its effects
inline constexpr size_t kTextBytesMax = 4'096;               // reasons, codes, names
inline constexpr size_t kItemsMax = 1'000'000;               // of any list; the record's size is the real bound
inline constexpr size_t kSignedBytesMax = 4'096;

enum class RecordKind : uint8_t {
  kBegin = 1,
  kConstruction = 2,
  kStep = 3,
  kAppended = 4,
  kDurable = 5,
  kLeft = 6,
  kUnderWay = 7,
  kEnd = 8,
};

// The first record.
struct Begin {
  uint32_t version = kTraceVersion;
  ChainId chain;  // the genesis digest
  ValidatorId self = 0;
  PublicKey key;           // its consensus key
  int64_t started_ms = 0;  // UTC
  bool host = false;       // kAppended, kDurable and kLeft are recorded too
  std::string program;     // what wrote it
};
struct Signed {
  Bytes message;
  Signature signature;
};
// The second record.
struct Construction {
  consensus::EngineConfig config;
  consensus::ChainState chain;
  consensus::Recovered recovered;
  std::vector<Signed> made;  // signatures
};
struct Step {
  uint64_t number = 0;  // from 1
  Now now;
  consensus::Input input;
  std::vector<Signed> made;
  consensus::Effects effects;
  std::vector<std::shared_ptr<const std::string>> codes;  // what Drop::code points to, in a decoded step
};
// The host was told to write: `vote` is the engine's lsn that becomes durable with the log's.
struct Appended {
  Lsn log = 0;
  std::optional<Lsn> vote;
};
struct Durable {  // the host said that the log is on disk up to here
  Lsn log = 0;
};
struct Left {  // the host handed a consensus message to its links
  std::vector<ValidatorId> to;
  Hash message;  // its digest
};
// An input that the process died on: there are no effects, a broken invariant ended it.
struct UnderWay {
  uint64_t number = 0;
  Now now;
  consensus::Input input;
  std::string why;
};
// The last record of a trace that ended on purpose.
struct End {
  std::string reason;
};
using Record = std::variant<Begin, Construction, Step, Appended, Durable, Left, UnderWay, End>;

Bytes encode_record(const Begin& r);
Bytes encode_record(const Construction& r);
Bytes encode_record(const Appended& r);
Bytes encode_record(const Durable& r);
Bytes encode_record(const Left& r);
Bytes encode_record(const UnderWay& r);
Bytes encode_record(const End& r);
Bytes encode_record(const Step& r);
Bytes encode_record(const Record& r);
// Of a step, without a copy of its parts.
Bytes encode_step(uint64_t number, const Now& now, const consensus::Input& input, const std::vector<Signed>& made,
                  const consensus::Effects& effects);
// A Left whose digest is not computed yet, which takes its time; then append_digest.
Bytes encode_left_without_digest(const std::vector<ValidatorId>& to);
void append_digest(Bytes& left, const Blob& message);

// Errors: malformed.
Result<Record> decode_record(ByteView bytes);

void encode(Writer& w, const consensus::Effect& effect);

}  // namespace tieline::trace

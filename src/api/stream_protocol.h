#pragma once
// The binary stream on which clients submit many signed transactions and learn their outcomes by range
// (docs/formats/stream.md). The client's first bytes are kStreamMagic; everything after is frames (net/framing.h).
// Decoders accept exactly what the encoders write. Errors: malformed.

#include <string_view>
#include <vector>

#include "base/result.h"
#include "model/ids.h"

namespace tieline::api {

inline constexpr std::string_view kStreamMagic = "TLN1";
inline constexpr uint16_t kStreamVersion = 1;
inline constexpr size_t kOutcomeRangesMax = 65'536;

enum class StreamKind : uint8_t {
  kHello = 1,     // client: StreamHello
  kWelcome = 2,   // server: StreamWelcome
  kSubmit = 3,    // client: u64 first tag, u32 n, n x (u32 length, signed transaction)
  kOutcomes = 4,  // server: u32 n, n x OutcomeRange
  kPing = 5,      // either; empty
  kPong = 6,      // either; empty
  kError = 7,     // server, then it closes: string code, string why
};

struct StreamHello {
  uint16_t version = kStreamVersion;
  ChainId chain;
  bool want_index = false;  // ranges also break where the place in the block is not consecutive
  bool operator==(const StreamHello&) const = default;
};
struct StreamWelcome {
  uint16_t version = kStreamVersion;
  ValidatorId validator = 0;
  Height height = 0;
  uint32_t window = 0;  // transactions without an outcome that the client may have at once
  uint32_t frame_bytes_max = 0;
  uint32_t batch_max = 0;
  bool operator==(const StreamWelcome&) const = default;
};
// Transactions first, first + 1, .., first + count - 1 had the same outcome.
struct OutcomeRange {
  uint64_t first = 0;
  uint32_t count = 0;
  bool committed = false;  // false: refused at the door, nothing was recorded
  uint16_t code = 0;       // ledger/codes.h; 0 = ok
  Height height = 0;       // 0 when refused at the door
  uint32_t index = 0;      // of `first` in the block; 0 unless asked for in the hello
  bool operator==(const OutcomeRange&) const = default;
};
struct StreamError {
  std::string code;
  std::string why;
  bool operator==(const StreamError&) const = default;
};

void encode(Writer& w, const StreamHello& m);
void decode(Reader& r, StreamHello& m);
void encode(Writer& w, const StreamWelcome& m);
void decode(Reader& r, StreamWelcome& m);
void encode(Writer& w, const OutcomeRange& m);
void decode(Reader& r, OutcomeRange& m);
void encode(Writer& w, const StreamError& m);
void decode(Reader& r, StreamError& m);

Bytes encode_outcomes(const std::vector<OutcomeRange>& ranges);
Result<std::vector<OutcomeRange>> decode_outcomes(ByteView body);

Bytes encode_submit(uint64_t first_tag, const std::vector<Blob>& transactions);
struct Submit {
  uint64_t first_tag = 0;
  std::vector<Blob> transactions;  // slices of the frame
};
Result<Submit> decode_submit(const Blob& body, size_t batch_max);

}  // namespace tieline::api

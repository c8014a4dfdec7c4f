// What validators say to each other, and what people keep: frames, consensus messages, blocks and receipts. Whatever is
// taken in has one encoding, the one that came; whatever is not has a code and a reason.

#include <algorithm>

#include "base/codec.h"
#include "consensus/messages.h"
#include "model/block.h"
#include "model/receipt.h"
#include "replica/frames.h"

namespace {

using namespace tieline;

constexpr size_t kFrameBytesMax = size_t{16} << 20;

void same(ByteView a, ByteView b) { TL_CHECK(std::equal(a.begin(), a.end(), b.begin(), b.end())); }

template <class T>
bool refused(const Result<T>& result) {
  if (result.ok()) return false;
  TL_CHECK(!result.error().code.empty() && !result.error().why.empty());
  return true;
}

void message(const Blob& bytes) {
  const auto decoded = consensus::decode_message(bytes);
  if (refused(decoded)) return;
  same((*decoded)->bytes.view(), bytes.view());
  same(consensus::make_message((*decoded)->payload)->bytes.view(), bytes.view());
}

void frame(const Blob& bytes) {
  const auto decoded = replica::decode_frame(bytes, kFrameBytesMax);
  if (refused(decoded)) return;
  same(replica::encode_frame(*decoded).view(), bytes.view());
  if (const auto* inner = std::get_if<replica::ConsensusFrame>(&*decoded)) message(inner->message);
}

void block(const Blob& bytes) {
  const auto decoded = decode_block(bytes);
  if (refused(decoded)) return;
  Writer w;
  encode_block(w, **decoded);
  same(w.view(), bytes.view());
}

void receipt(const Blob& bytes) {
  const auto decoded_receipt = decoded<Receipt>(bytes.view(), "receipt");
  if (refused(decoded_receipt)) return;
  same(encoded(*decoded_receipt), bytes.view());
}

}  // namespace

// The first byte says what the rest is.
extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  if (size == 0) return 0;
  const Blob bytes(Bytes(data + 1, data + size));
  constexpr void (*kReaders[])(const Blob&) = {frame, message, block, receipt};
  kReaders[data[0] % std::size(kReaders)](bytes);
  return 0;
}

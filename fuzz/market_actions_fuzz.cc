// What participants write into transactions: the market's actions, readings and declarations, and whole transactions.
// Whatever is taken in has one encoding, the one that came; whatever is not has a code and a reason.

#include <algorithm>

#include "energy/market_actions.h"
#include "model/declaration.h"

namespace {

using namespace tieline;

void same(ByteView a, const Bytes& b) { TL_CHECK(std::equal(a.begin(), a.end(), b.begin(), b.end())); }

}  // namespace

// The first byte is the action's type, the rest its payload.
extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  if (size == 0) return 0;
  const auto type = static_cast<ActionType>(data[0]);
  const ByteView payload(data + 1, size - 1);
  const auto action = energy::decode_market_action(type, payload);
  if (action.ok()) {
    TL_CHECK(energy::is_market_action(type) && energy::type_of(*action) == type);
    same(payload, energy::encode_market_action(*action));
  } else {
    TL_CHECK(action.error().code == "malformed" && !action.error().why.empty());
  }
  if (type == ActionType::kReadings) {
    if (const auto list = decode_readings(payload); list.ok()) same(payload, encode_readings(*list));
  }
  if (type == ActionType::kDeclarations) {
    if (const auto list = decode_declarations(payload); list.ok()) same(payload, encode_declarations(*list));
  }
  if (const auto tx = Transaction::parse(Blob(Bytes(payload.begin(), payload.end()))); tx.ok()) {
    TL_CHECK(!(*tx)->signatories().empty() && (*tx)->actions().size() <= kTxActionsMax);
  }
  return 0;
}

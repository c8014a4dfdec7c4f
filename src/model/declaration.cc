#include "model/declaration.h"

namespace tieline {
namespace {

constexpr size_t kDeclarationBytes = 25;

}  // namespace

void encode(Writer& w, const Declaration& d) {
  w.u32(d.meter);
  w.u8(static_cast<uint8_t>(d.kind));
  w.i64(d.start_s);
  w.u32(d.duration_s);
  w.u64(d.value);
}

void decode(Reader& r, Declaration& d) {
  d.meter = r.u32();
  const uint8_t kind = r.u8();
  d.start_s = r.i64();
  d.duration_s = r.u32();
  d.value = r.u64();
  if (kind < 1 || kind > 2) return r.fail();
  d.kind = static_cast<DeclarationKind>(kind);
}

const char* declaration_kind_name(DeclarationKind kind) {
  return kind == DeclarationKind::kGenerationCost ? "generation_cost" : "line_capacity";
}

Bytes encode_declarations(const std::vector<Declaration>& declarations) {
  Writer w(4 + declarations.size() * kDeclarationBytes);
  encode_list(w, declarations);
  return w.take();
}

Result<std::vector<Declaration>> decode_declarations(ByteView payload) {
  Reader r(payload);
  std::vector<Declaration> declarations;
  decode_list(r, declarations, kDeclarationsPerTxMax, kDeclarationBytes);
  if (!r.done()) return Error{"malformed", "malformed declarations: bytes are missing, left over, or out of bounds"};
  return declarations;
}

}  // namespace tieline

#pragma once
// The state as the market's tables see it, in memory.

#include <map>

#include "energy/table.h"

namespace tieline::energy {

class MemorySource final : public RecordSource {
 public:
  std::optional<Bytes> read(ByteView name) const override {
    ++reads;
    const auto at = records.find(Bytes(name.begin(), name.end()));
    return at == records.end() ? std::nullopt : std::optional<Bytes>(at->second);
  }
  void apply(const RecordWrites& writes) {
    for (const auto& [name, value] : writes) {
      if (value) {
        records[name] = *value;
      } else {
        records.erase(name);
      }
    }
  }

  std::map<Bytes, Bytes> records;
  mutable size_t reads = 0;
};

}  // namespace tieline::energy

#pragma once
// Which meters a participant may speak for, by name, as genesis registers them.

#include <map>
#include <string>

#include "model/genesis.h"

namespace tieline::cli {

struct MeterEntry {
  MeterId id = 0;
  ParticipantId owner = 0;
};
using MeterTable = std::map<std::string, MeterEntry, std::less<>>;

// MeterIds are given 1.. over all participants in the order of genesis (model/genesis.h).
inline MeterTable meters_of(const Genesis& genesis) {
  MeterTable table;
  MeterId next = 1;
  for (const GenesisParticipant& participant : genesis.participants) {
    for (const std::string& meter : participant.meters) table[meter] = {next++, participant.id};
  }
  return table;
}

}  // namespace tieline::cli

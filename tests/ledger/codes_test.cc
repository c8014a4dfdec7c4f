#include "ledger/codes.h"

#include <gtest/gtest.h>

#include <map>
#include <set>
#include <string>

#include "energy/rules.h"

namespace tieline {
namespace {

TEST(Codes, NumbersAndNamesNeverChange) {
  // In receipts since the first release: a line may be added here, none may change.
  const std::map<uint16_t, std::string> pinned = {{0, "ok"},
                                                  {1, "malformed"},
                                                  {2, "over_size"},
                                                  {3, "wrong_chain"},
                                                  {4, "unknown_signer"},
                                                  {5, "bad_signature"},
                                                  {6, "duplicate"},
                                                  {7, "sequence_too_old"},
                                                  {8, "sequence_too_far"},
                                                  {9, "expired"},
                                                  {10, "expiry_too_far"},
                                                  {11, "timestamp_future"},
                                                  {12, "timestamp_old"},
                                                  {20, "pool_full"},
                                                  {21, "too_many_pending"},
                                                  {100, "not_allowed"},
                                                  {101, "unknown_meter"},
                                                  {102, "not_owner"},
                                                  {103, "misaligned_interval"},
                                                  {104, "bad_duration"},
                                                  {105, "future_interval"},
                                                  {106, "stale"},
                                                  {107, "over_capacity"},
                                                  {108, "before_window"},
                                                  {109, "overlap"},
                                                  {110, "bad_register"},
                                                  {111, "ramp"},
                                                  {112, "cost_band"},
                                                  {113, "line_capacity"}};
  EXPECT_EQ(all_codes().size(), pinned.size());
  for (const auto& [code, name] : pinned) EXPECT_EQ(code_name(code), name) << code;
}

TEST(Codes, EveryCodeHasANameAndAReasonAndIsFoundByName) {
  std::set<std::string> names;
  uint16_t before = 0;
  for (TxCode code : all_codes()) {
    EXPECT_TRUE(names.insert(code_name(code)).second);
    EXPECT_EQ(code_from_name(code_name(code)), code);
    EXPECT_FALSE(std::string(code_reason(code)).empty());
    EXPECT_TRUE(code == TxCode::ok || number(code) > before);
    before = number(code);
  }
  EXPECT_EQ(code_from_name("no_such_code"), std::nullopt);
}

TEST(Codes, AnUnknownNumberIsSaidToBeUnknown) {
  EXPECT_STREQ(code_name(uint16_t{9'999}), "unknown");
  EXPECT_FALSE(code_consumes_sequence(9'999));
}

TEST(Codes, EveryRuleForReadingsHasItsCodeWithTheSameWords) {
  for (const energy::Rule& rule : energy::rules()) {
    const auto code = static_cast<uint16_t>(rule.refusal);
    EXPECT_STREQ(code_name(code), rule.name);
    EXPECT_STREQ(code_reason(code), rule.reason);
    EXPECT_TRUE(code_consumes_sequence(code)) << "a refusal of content is final";
  }
}

}  // namespace
}  // namespace tieline

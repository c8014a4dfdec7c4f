#include "ledger/codes.h"

#include <gtest/gtest.h>

#include <map>
#include <set>
#include <string>

#include "energy/market_refusal.h"
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
                                                  {13, "revoked_key"},
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
                                                  {113, "line_capacity"},
                                                  {150, "no_market"},
                                                  {151, "not_authorised"},
                                                  {152, "unknown_participant"},
                                                  {153, "bad_endorsement"},
                                                  {154, "bad_proof"},
                                                  {155, "bad_proposal"},
                                                  {156, "no_grant"},
                                                  {157, "bad_key"},
                                                  {158, "key_used"},
                                                  {159, "key_pending"},
                                                  {160, "too_many_keys"},
                                                  {161, "no_recovery_key"},
                                                  {162, "name_taken"},
                                                  {170, "no_private_points"},
                                                  {171, "unknown_pseudonym"},
                                                  {172, "bad_period"},
                                                  {173, "too_many_pseudonyms"},
                                                  {174, "bad_inner_signature"},
                                                  {175, "bad_commitment"},
                                                  {176, "bad_range_proof"},
                                                  {177, "distributor_left_out"},
                                                  {178, "not_forged"},
                                                  {179, "complaint_state"},
                                                  {180, "too_early"},
                                                  {181, "bad_total"},
                                                  {182, "may_not_open"},
                                                  {183, "region_too_small"},
                                                  {184, "may_not_receive"},
                                                  {200, "insufficient_funds"},
                                                  {201, "over_issued"},
                                                  {202, "suspended"},
                                                  {203, "zero_amount"},
                                                  {210, "unknown_trade"},
                                                  {211, "trade_exists"},
                                                  {212, "wrong_state"},
                                                  {213, "not_a_party"},
                                                  {214, "too_late"},
                                                  {215, "already_in"},
                                                  {216, "too_many_rounds"},
                                                  {217, "own_terms"},
                                                  {218, "bad_terms"},
                                                  {219, "other_terms"},
                                                  {220, "not_all_four"},
                                                  {221, "too_many_open_trades"},
                                                  {222, "over_committed"},
                                                  {223, "margin_too_low"},
                                                  {230, "unknown_reading"},
                                                  {231, "reading_state"},
                                                  {232, "not_the_neighbour"},
                                                  {233, "too_many_corrections"},
                                                  {234, "other_version"},
                                                  {235, "rank_not_raised"},
                                                  {236, "bad_price"},
                                                  {240, "stake_too_small"},
                                                  {241, "too_many_unbondings"},
                                                  {242, "not_unbonded"},
                                                  {243, "unknown_proposal"},
                                                  {244, "proposal_state"},
                                                  {245, "no_votes"},
                                                  {246, "already_voted"},
                                                  {247, "no_veto"},
                                                  {248, "too_many_proposals"}};
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

TEST(Codes, EveryRefusalOfTheMarketHasItsCodeWithTheSameWords) {
  for (const energy::MarketRefusalText& text : energy::market_refusals()) {
    const auto code = static_cast<uint16_t>(text.refusal);
    EXPECT_STREQ(code_name(code), text.name);
    EXPECT_STREQ(code_reason(code), text.reason);
    EXPECT_TRUE(code_consumes_sequence(code)) << "a refusal of content is final";
  }
}

}  // namespace
}  // namespace tieline

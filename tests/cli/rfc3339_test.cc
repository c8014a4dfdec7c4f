#include "cli/rfc3339.h"

#include <gtest/gtest.h>

namespace tieline::cli {
namespace {

TEST(Rfc3339, ReadsOffsetsAndUtc) {
  EXPECT_EQ(*parse_rfc3339("1970-01-01T00:00:00Z"), 0);
  EXPECT_EQ(*parse_rfc3339("2000-06-05T00:30:00+01:00"), 960'161'400);
  EXPECT_EQ(*parse_rfc3339("2016-07-01T00:15:00-07:00"), 1'467'357'300);
  EXPECT_EQ(*parse_rfc3339("2016-02-29t23:59:59.000z"), 1'456'790'399);
  EXPECT_EQ(*parse_rfc3339("9999-12-31T23:59:59Z"), 253'402'300'799);
}

TEST(Rfc3339, WritesWhatItReads) {
  for (int64_t at : {int64_t{0}, int64_t{951'782'400}, int64_t{1'467'357'300}, int64_t{4'107'542'399}}) {
    EXPECT_EQ(*parse_rfc3339(rfc3339_utc(at)), at);
  }
  EXPECT_EQ(rfc3339_utc(951'782'400), "2000-02-29T00:00:00Z");
}

TEST(Rfc3339, RefusesWhatIsNoTime) {
  for (const char* bad :
       {"", "2016", "2016-07-01", "2016-07-01T00:15:00", "2016-07-01T00:15Z", "2016-13-01T00:00:00Z",
        "2015-02-29T00:00:00Z", "2016-07-01T24:00:00Z", "2016-07-01T00:60:00Z", "2016-07-01T00:00:61Z",
        "2016-07-01T00:00:00.5Z", "2016-07-01T00:00:00.Z", "2016-07-01T00:00:00+1:00", "2016-07-01T00:00:00+24:00",
        "2016-07-01T00:00:00Z ", " 2016-07-01T00:00:00Z", "+016-07-01T00:00:00Z"}) {
    EXPECT_FALSE(parse_rfc3339(bad).ok()) << bad;
  }
}

}  // namespace
}  // namespace tieline::cli

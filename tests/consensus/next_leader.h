#pragma once
// One engine under the glass that leads view 2 and follows before.

#include "lone.h"

namespace tieline::testing {

struct Next : Lone {
  explicit Next(LoneOptions options = {}) : Lone(options) {
    // me leads view 2 under the strict policy; views 0 and 1 belong to others.
    EXPECT_EQ(c.leader(0, 2), c.node(me).id);
  }
  void hear(ValidatorId from, MessagePtr m) { c.inject(me, from, std::move(m)); }
  void ack(ValidatorId by, const MessagePtr& vc) {
    const auto& v = std::get<ViewChange>(vc->payload);
    ViewChangeAck a{by, v.epoch, v.view, v.signer, vc->digest, {}};
    a.signature = sign(by, ack_digest(c.chain_id(), a));
    hear(by, make_message(a));
  }
  std::vector<NewView> new_views() const { return all<NewView>(); }
  std::vector<ViewChangeAck> acks() const { return all<ViewChangeAck>(); }
  void time_out() {
    c.submit(1);
    const View before = status().view;
    c.run_until([&] { return status().view > before; }, 60'000'000);
  }
};

}  // namespace tieline::testing

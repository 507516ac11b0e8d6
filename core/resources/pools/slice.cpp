#include "resources/pools/slice.h"

#include "resources/kit.h"
#include "resources/pools/token_pools.h"
#include "resources/resource.h"

namespace parked::resources {

namespace {

class PoolsReading final : public Reader {
 public:
  explicit PoolsReading(const Scene& scene)
      : scene_(scene), tokens_(scene.snapshot, scene.heap, scene.stacks) {}
  void read(const Finder&, Finder& second) override { tokens_.find(second); }
  void judge(const Finder&, const Finder& second) override {
    scene_.parts.make<Pools>() =
        findPools(scene_.snapshot, scene_.proof, scene_.stacks, scene_.parts.of<Sql>(),
                  scene_.parts.of<ExtraSync>(), tokens_.candidates(second), scene_.observer);
  }

 private:
  Scene scene_;
  TokenPools tokens_;
};

}  // namespace

extern const Resource kPools = {
    .reader = makeReader<PoolsReading>,
    .rules = {.find =
                  [](const Context& context, std::vector<Finding>& findings) {
                    poolRules(context, findings);
                    fullPoolRules(context, findings);
                  },
              .explains = true},
};

}  // namespace parked::resources

#ifndef IRENEO_TESTS_MEMO_MEMO_FIXTURE_H_
#define IRENEO_TESTS_MEMO_MEMO_FIXTURE_H_

// A store in a folder of its own whose events are kept, for tests of memoized
// functions.

#include <cstdint>
#include <functional>
#include <mutex>
#include <optional>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "ireneo/memo/memo_store.h"
#include "ireneo/memo/observer.h"
#include "tests/memo/open_store.h"
#include "tests/store/test_util.h"

namespace ireneo::testing {

class MemoFixture : public ::testing::Test {
 protected:
  // A CallEvent without views.
  struct Event {
    std::string function;
    Digest key;
    bool hit;
    absl::Duration elapsed;
    CallTimes times;
    std::optional<std::uint64_t> seed;
    std::optional<Digest> conflict;
    absl::Status fault;
  };

  void SetUp() override { Open(); }

  // Opens the store, or opens it anew as another process would.
  void Open(MemoStoreOptions options = {}) {
    store_.reset();
    options.observer = [this](const CallEvent& event) {
      const std::lock_guard lock(mutex_);
      events_.push_back({.function = std::string(event.function),
                         .key = event.key,
                         .hit = event.hit,
                         .elapsed = event.elapsed,
                         .times = event.times,
                         .seed = event.seed,
                         .conflict = event.conflict,
                         .fault = event.fault});
    };
    absl::StatusOr<MemoStore> store =
        OpenStore(dir_.path() / "store", std::move(options));
    ASSERT_THAT(store, IsOk());
    store_.emplace(*std::move(store));
  }

  // Whether the last call was a hit, and had no fault.
  bool LastHit() {
    const std::lock_guard lock(mutex_);
    EXPECT_FALSE(events_.empty());
    EXPECT_THAT(events_.back().fault, IsOk());
    return events_.back().hit;
  }

  const MemoStore& store() const { return *store_; }

  const TemporaryDirectory dir_;
  std::optional<MemoStore> store_;
  std::mutex mutex_;
  std::vector<Event> events_;
};

inline void RunInThreads(int count, const std::function<void(int)>& body) {
  std::vector<std::thread> threads;
  for (int i = 0; i < count; ++i) threads.emplace_back(body, i);
  for (std::thread& thread : threads) thread.join();
}

}  // namespace ireneo::testing

#endif  // IRENEO_TESTS_MEMO_MEMO_FIXTURE_H_

#include "ireneo/store/encoder.h"

#include <utility>

namespace ireneo {
namespace {

class RawEncoder final : public Encoder {
 public:
  explicit RawEncoder(ByteOutput output) : output_(std::move(output)) {}

  absl::Status Append(std::span<const std::byte> bytes) override {
    return output_(bytes);
  }
  absl::Status Finish() override { return absl::OkStatus(); }

 private:
  const ByteOutput output_;
};

}  // namespace

std::unique_ptr<Encoder> NewRawEncoder(ByteOutput output) {
  return std::make_unique<RawEncoder>(std::move(output));
}

}  // namespace ireneo

#ifndef IRENEO_TOOLS_OUTPUT_H_
#define IRENEO_TOOLS_OUTPUT_H_

// Standard output that notices a full disk and a closed pipe. Ask at the end,
// once.

#include <cstddef>
#include <span>
#include <string>
#include <string_view>

#include "absl/status/status.h"
#include "ireneo/store/sink.h"

namespace ireneo::tools {

// Small writes are gathered, large ones pass through. Sticky: after a failure,
// writes do nothing. Not thread-safe. Expects SIGPIPE to be ignored.
class Output {
 public:
  // Does not own `fd` until `Finish`.
  explicit Output(int fd) : fd_(fd) {}
  Output(const Output&) = delete;
  Output& operator=(const Output&) = delete;

  void Write(std::string_view text);
  void Write(std::span<const std::byte> bytes);

  // Writes what was gathered and closes the file, which is when some file
  // systems report that they are full.
  //
  // Errors: Unavailable, the first failure of all.
  absl::Status Finish();

  bool is_terminal() const;

  // How wide lines may be: $COLUMNS if it is set, else what the terminal says,
  // else `kUnlimited` (tools/table.h).
  std::size_t width() const;

 private:
  void Flush();

  const int fd_;
  std::string buffer_;
  int error_ = 0;  // An errno.
};

// For what writes to a sink. Failures are the output's to report.
class OutputSink final : public Sink {
 public:
  // `out` must outlive the sink.
  explicit OutputSink(Output& out) : out_(out) {}

 private:
  void Append(std::span<const std::byte> bytes) override { out_.Write(bytes); }

  Output& out_;
};

}  // namespace ireneo::tools

#endif  // IRENEO_TOOLS_OUTPUT_H_

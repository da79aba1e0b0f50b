#include "ireneo/tools/interrupt.h"

#include <csignal>

namespace ireneo::tools {
namespace {

// A handler can reach nothing else.
volatile std::sig_atomic_t interrupted = 0;

void Note(int signal) {
  interrupted = 1;
  std::signal(signal, SIG_DFL);
}

}  // namespace

Interrupt::Interrupt() {
  interrupted = 0;
  std::signal(SIGINT, Note);
  std::signal(SIGTERM, Note);
}

Interrupt::~Interrupt() {
  std::signal(SIGINT, SIG_DFL);
  std::signal(SIGTERM, SIG_DFL);
}

bool Interrupt::requested() const { return interrupted != 0; }

}  // namespace ireneo::tools

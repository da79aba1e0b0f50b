#ifndef IRENEO_TOOLS_INTERRUPT_H_
#define IRENEO_TOOLS_INTERRUPT_H_

// Ctrl-C during a command that wants to end in good order.

namespace ireneo::tools {

// While one lives, the first SIGINT or SIGTERM is only noted; the second one
// ends the program. One at a time.
class Interrupt {
 public:
  Interrupt();
  ~Interrupt();
  Interrupt(const Interrupt&) = delete;
  Interrupt& operator=(const Interrupt&) = delete;

  bool requested() const;
};

}  // namespace ireneo::tools

#endif  // IRENEO_TOOLS_INTERRUPT_H_

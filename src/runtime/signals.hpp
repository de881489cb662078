#pragma once

namespace fabrica::runtime {

// Waits for the wish to stop (SIGINT, SIGTERM). Made in main() before any thread, so that every thread leaves these
// signals to wait(). SIGPIPE is ignored from then on: a reader that has gone is an error of that write.
class StopSignal {
 public:
  StopSignal();
  // Returns the signal's number.
  int wait();
};

}  // namespace fabrica::runtime

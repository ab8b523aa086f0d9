#pragma once
// The test program itself, started again as a child: program_test.cc says what it does then.

#include <string>

#include "processes/child.h"

namespace anabranch::processes {

/// Tasks of a child:
///   work            answers answer_of_tests and some methods more, until it is asked to end
///   deaf            the same, but does not end when it is asked to, nor by SIGTERM
///   orphan          ties itself to its parent and then does nothing, not even look at its socket
///   crash           ends with code 3 and the words "cannot open the lake"
///   never_ready     lives, and never says that it is ready
///   garbage         sends what is no message
inline ChildOrder child_of_tests(const std::string& task) {
  return {.kind = "engine", .program = io::own_program().value(), .arguments = {"child", task}};
}

/// Whether no process of that number runs (one that nobody has waited for yet does not).
bool is_gone(int pid);
/// Whether a thread of this process waits for something.
bool is_asleep(int thread);
int open_descriptors();
/// Whether this process has a child, be it one that has ended and that nobody has waited for.
bool has_children();

}  // namespace anabranch::processes

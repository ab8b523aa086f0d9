#pragma once
// Asserts are for our own bugs, never for input. They stay on in every build: a wrong answer costs more.

#include <cstdio>
#include <cstdlib>

#define ANABRANCH_ASSERT(condition)                                                                       \
  do {                                                                                                    \
    if (!(condition)) {                                                                                   \
      std::fprintf(stderr, "anabranch: broken invariant at %s:%d: %s\n", __FILE__, __LINE__, #condition); \
      std::abort();                                                                                       \
    }                                                                                                     \
  } while (false)

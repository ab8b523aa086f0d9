#include <string>

#include "app/child.h"

int main(int argc, char** argv) {
  if (argc == 3 && std::string(argv[1]) == "child") return anabranch::app::child_main(argv[2]);
  return 2;
}

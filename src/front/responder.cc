#include "front/responder.h"

#include "front/problem.h"

namespace anabranch::front {

void Responder::fail(const Error& error, std::string_view name) const { answer(problem(error, name)); }

}  // namespace anabranch::front

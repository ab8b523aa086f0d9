#include "http/responder.h"

#include "http/problem.h"

namespace anabranch::http {

void Responder::fail(const Error& error, std::string_view name) const { answer(problem(error, name)); }

}  // namespace anabranch::http

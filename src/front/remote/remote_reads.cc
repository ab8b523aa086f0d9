#include "front/remote/remote_reads.h"

#include "front/remote/row_pieces.h"

namespace anabranch::front::remote {

template <typename Read>
Result<serve::RowsEnd> RemoteReads::rows_of(const Method<serve::RowsEnd, Read>& method, const Read& read,
                                            serve::RowsSink& sink) {
  ReceivedRows received(sink);
  auto end = engine_.ask_on({&received, read.terms.cancelled}, method, read);
  if (received.error()) return fail(*received.error());
  return end;
}

Result<serve::RowsEnd> RemoteReads::query(const serve::QueryRead& read, serve::RowsSink& sink) {
  return rows_of(methods::query, read, sink);
}

Result<serve::RowsEnd> RemoteReads::rows(const serve::ViewRead& read, serve::RowsSink& sink) {
  return rows_of(methods::rows, read, sink);
}

Result<std::vector<std::string>> RemoteReads::view_names(const security::Caller& caller) {
  return engine_.ask(methods::view_names, caller);
}

Result<std::vector<serve::ViewRecord>> RemoteReads::views(const security::Caller& caller) {
  return engine_.ask(methods::views, caller);
}

Result<serve::ViewDetail> RemoteReads::view(const security::Caller& caller, const std::string& name) {
  return engine_.ask(methods::view, caller, name);
}

Result<serve::ViewErrors> RemoteReads::errors(const security::Caller& caller, const std::string& view,
                                              size_t limit) {
  return engine_.ask(methods::errors, caller, view, limit);
}

serve::ReadState RemoteReads::state() {
  auto state = engine_.ask(methods::state);
  return state ? std::move(*state) : told_.reads();
}

}  // namespace anabranch::front::remote

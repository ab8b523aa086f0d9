#include "http/server.h"

#include <algorithm>
#include <condition_variable>
#include <unordered_map>
#include <vector>

#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/steady_timer.hpp>
#include <fmt/format.h>

#include "base/assert.h"
#include "base/mutex.h"
#include "http/connection.h"
#include "http/problem.h"

namespace anabranch::http {

namespace asio = boost::asio;
using asio::ip::tcp;
using std::chrono::milliseconds;

namespace {

using Connections = std::unordered_map<Connection*, std::shared_ptr<Connection>>;

// Connections beyond the limit, for those who watch the server and to tell the others; beyond these they are
// just closed.
constexpr size_t beyond_max = 64;

struct Lane {
  std::shared_ptr<EventLoop> loop = std::make_shared<EventLoop>();
  Connections connections;  // the loop's thread only
};

// Copied, because closing takes a connection out of the set.
std::vector<std::shared_ptr<Connection>> all_of(const Connections& connections) {
  std::vector<std::shared_ptr<Connection>> all;
  all.reserve(connections.size());
  for (const auto& [key, connection] : connections) all.push_back(connection);
  return all;
}

Error listen_error(const ServerOptions& options, const boost::system::error_code& error) {
  if (error == asio::error::address_in_use) {
    return {Code::conflict, fmt::format("port {} on {} is in use", options.port, options.host),
            "choose another with --port, or stop the other program", std::nullopt};
  }
  if (error == asio::error::access_denied) {
    return {Code::io, fmt::format("this user may not listen on port {} of {}", options.port, options.host),
            "choose a port above 1023 with --port", std::nullopt};
  }
  const bool is_address = error == asio::error::host_not_found || error == asio::error::no_data ||
                          error == asio::error::host_not_found_try_again ||
                          error == boost::system::errc::address_not_available;
  return {is_address ? Code::bad_input : Code::io,
          fmt::format("cannot listen on {} port {}: {}", options.host, options.port, error.message()),
          is_address ? "name an address of this machine, such as 127.0.0.1" : "", std::nullopt};
}

// How often deadlines are looked at: often enough for the shortest.
milliseconds sweep_interval(const ServerOptions& options) {
  const milliseconds shortest = std::min({options.idle_timeout, options.header_timeout, options.body_timeout,
                                          options.write_timeout, options.ping_interval});
  return std::clamp(shortest / 4, milliseconds(5), milliseconds(1000));
}

}  // namespace

class Server::Impl {
 public:
  explicit Impl(ServerOptions options) {
    setting_.bodies = std::make_shared<BodyBudget>(options.bodies_bytes_max);
    setting_.options = std::move(options);
  }

  ConnectionSetting& setting() {
    ANABRANCH_ASSERT(lanes_.empty());  // routes and listeners are set before start()
    return setting_;
  }

  Status start();
  void stop();
  uint16_t port() const { return port_; }
  size_t connection_count() const { return open_; }
  size_t bodies_bytes() const { return setting_.bodies->used(); }

 private:
  Status listen();
  void accept();
  void adopt(Lane& lane, tcp::socket socket);
  void close_silent(Lane& lane);
  void on_every_lane(void (*act)(Connection&));
  void stop_once();

  ConnectionSetting setting_;
  std::vector<std::unique_ptr<Lane>> lanes_;
  std::unique_ptr<WorkerPool> workers_;
  std::unique_ptr<tcp::acceptor> acceptor_;           // the first lane's thread, once started
  std::unique_ptr<asio::steady_timer> accept_pause_;  // likewise
  size_t next_lane_ = 0;                              // likewise
  uint16_t port_ = 0;

  std::atomic<bool> stopping_ = false;
  std::atomic<size_t> open_ = 0;
  Mutex mutex_;
  std::condition_variable closed_;  // open_ went down
  std::once_flag stopped_;
};

Status Server::Impl::listen() {
  const ServerOptions& options = setting_.options;
  asio::io_context& context = lanes_.front()->loop->context();
  boost::system::error_code error;
  tcp::resolver resolver(context);
  const auto addresses = resolver.resolve(options.host, std::to_string(options.port),
                                          tcp::resolver::passive | tcp::resolver::numeric_service, error);
  if (error) return fail(listen_error(options, error));
  const tcp::endpoint endpoint = addresses.begin()->endpoint();
  acceptor_ = std::make_unique<tcp::acceptor>(context);
  acceptor_->open(endpoint.protocol(), error);
  if (!error) acceptor_->set_option(tcp::acceptor::reuse_address(true), error);
  if (!error) acceptor_->bind(endpoint, error);
  if (!error) acceptor_->listen(asio::socket_base::max_listen_connections, error);
  if (error) {
    acceptor_.reset();
    return fail(listen_error(options, error));
  }
  port_ = acceptor_->local_endpoint(error).port();
  accept_pause_ = std::make_unique<asio::steady_timer>(context);
  return {};
}

Status Server::Impl::start() {
  ANABRANCH_ASSERT(lanes_.empty());
  for (int i = 0; i < std::max(1, setting_.options.io_threads); ++i) {
    lanes_.push_back(std::make_unique<Lane>());
  }
  TRY(listen());
  workers_ = std::make_unique<WorkerPool>(setting_.options.worker_threads, setting_.options.worker_queue_max);
  setting_.workers = workers_.get();
  for (auto& lane : lanes_) {
    lane->loop->every(sweep_interval(setting_.options), [&connections = lane->connections] {
      for (auto& connection : all_of(connections)) connection->sweep();
    });
  }
  accept();
  for (auto& lane : lanes_) lane->loop->start();
  return {};
}

void Server::Impl::accept() {
  Lane& lane = *lanes_[next_lane_++ % lanes_.size()];
  acceptor_->async_accept(
      lane.loop->context(), [this, &lane](boost::system::error_code error, tcp::socket socket) {
        if (!acceptor_->is_open()) return;
        if (!error) {
          ++open_;
          auto hand_over = [this, &lane, socket = std::move(socket)]() mutable {
            adopt(lane, std::move(socket));
          };
          if (lane.loop->is_current_thread()) {
            hand_over();
          } else {
            lane.loop->post(std::move(hand_over));
          }
          accept();
        } else {  // most likely out of file descriptors: wait until some connections have ended
          accept_pause_->expires_after(milliseconds(50));
          accept_pause_->async_wait([this](const boost::system::error_code& cancelled) {
            if (!cancelled && acceptor_->is_open()) accept();
          });
        }
      });
}

void Server::Impl::adopt(Lane& lane, tcp::socket socket) {
  const size_t limit = setting_.options.connections_max;
  boost::system::error_code error;
  socket.set_option(tcp::no_delay(true), error);
  const std::string remote = socket.remote_endpoint(error).address().to_string();
  if (!error && open_ > limit) close_silent(lane);
  if (error || stopping_ || open_ > limit + beyond_max) {
    socket.close(error);
    Lock lock(mutex_);
    --open_;
    closed_.notify_all();
    return;
  }
  auto connection =
      make_connection(setting_, lane.loop, socket.release(error), remote, [this, &lane](Connection& it) {
        lane.connections.erase(&it);
        Lock lock(mutex_);
        --open_;
        closed_.notify_all();
      });
  lane.connections.emplace(connection.get(), connection);
  connection->start(open_ > limit);
}

// Makes place: closes the lane's connection whose client has been silent longest.
void Server::Impl::close_silent(Lane& lane) {
  std::shared_ptr<Connection> silent;
  int64_t since_us = 0;
  for (const auto& [key, connection] : lane.connections) {
    const auto since = connection->silent_since_us();
    if (!since || (silent && *since >= since_us)) continue;
    silent = connection;
    since_us = *since;
  }
  if (silent) silent->close();
}

void Server::Impl::on_every_lane(void (*act)(Connection&)) {
  for (auto& lane : lanes_) {
    lane->loop->post([&connections = lane->connections, act] {
      for (auto& connection : all_of(connections)) act(*connection);
    });
  }
}

void Server::Impl::stop() {
  std::call_once(stopped_, [this] { stop_once(); });
}

void Server::Impl::stop_once() {
  if (!acceptor_) return;
  stopping_ = true;
  lanes_.front()->loop->post([this] {
    boost::system::error_code ignored;
    acceptor_->close(ignored);
    accept_pause_->cancel();
  });
  on_every_lane([](Connection& connection) { connection.finish(); });
  const auto deadline = std::chrono::steady_clock::now() + setting_.options.stop_timeout;
  {
    Lock lock(mutex_);
    while (open_ > 0) {
      const auto left = deadline - std::chrono::steady_clock::now();
      if (left <= left.zero()) break;
      lock.wait_for(closed_, left);
    }
  }
  on_every_lane([](Connection& connection) { connection.close(); });
  workers_->stop();
  for (auto& lane : lanes_) lane->loop->finish();
}

Server::Server(ServerOptions options) : impl_(std::make_unique<Impl>(std::move(options))) {}

Server::~Server() { stop(); }

void Server::route(std::string method, std::string pattern, RunOn run_on, Handler handler) {
  impl_->setting().router.add(std::move(method), std::move(pattern), std::move(handler), run_on);
}

void Server::limit(std::string_view method, std::string_view pattern, double requests_per_s, double burst) {
  impl_->setting().router.limit(method, pattern, requests_per_s, burst);
}

void Server::limit_all(double requests_per_s, double burst) {
  impl_->setting().bucket = std::make_shared<TokenBucket>(requests_per_s, burst);
}

void Server::keep_place(std::string_view method, std::string_view pattern) {
  impl_->setting().router.keep_place(method, pattern);
}

void Server::fallback(Handler handler) { impl_->setting().fallback = std::move(handler); }
void Server::guard(Guard guard) { impl_->setting().guard = std::move(guard); }
void Server::on_access(AccessListener listener) { impl_->setting().access = std::move(listener); }
Status Server::start() { return impl_->start(); }
uint16_t Server::port() const { return impl_->port(); }
void Server::stop() { impl_->stop(); }
size_t Server::connection_count() const { return impl_->connection_count(); }
size_t Server::bodies_bytes() const { return impl_->bodies_bytes(); }

}  // namespace anabranch::http

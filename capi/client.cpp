// Clients: open, close, keys, status, metrics, log, configuration.

#include <cstdint>
#include <new>
#include <string>
#include <string_view>
#include <utility>

#include "capi/error.h"
#include "capi/objects.h"
#include "capi/text.h"
#include "core/config.h"
#include "core/connection_check.h"
#include "core/log.h"
#include "core/metric_table.h"
#include "core/prometheus.h"
#include "core/snapshot.h"

using holysheep::Error;
using holysheep::fail;
using holysheep::guarded;
using holysheep::read_view;
using holysheep::Status;
using holysheep::usable;
using holysheep::view_fault;

namespace {

// Levels are the same numbers on both sides of the line.
constexpr bool same(holysheep::LogLevel level, std::int32_t number) {
  return static_cast<std::int32_t>(level) == number;
}
static_assert(same(holysheep::LogLevel::debug, HOLYSHEEP_LOG_DEBUG));
static_assert(same(holysheep::LogLevel::info, HOLYSHEEP_LOG_INFO));
static_assert(same(holysheep::LogLevel::warning, HOLYSHEEP_LOG_WARNING));
static_assert(same(holysheep::LogLevel::error, HOLYSHEEP_LOG_ERROR));

constexpr const char* kForked =
    "this client was opened before fork(): open a new one in the child process";

holysheep_status refuse(holysheep_error* error, holysheep_status status) {
  return fail(error, static_cast<Status>(status),
              status == HOLYSHEEP_E_FORKED ? kForked : "client: expected a client, not NULL");
}

// What set_key and reset do alike: an endpoint's name in, an error out.
template <typename Act>
holysheep_status on_endpoint(holysheep_client* client, const char* endpoint,
                             std::size_t endpoint_size, holysheep_error* error, Act act) {
  return guarded(error, [&]() -> holysheep_status {
    if (const holysheep_status status = usable(client)) return refuse(error, status);
    std::string_view name;
    if (!read_view(endpoint, endpoint_size, &name)) {
      return fail(error, Status::invalid_argument, view_fault("endpoint", endpoint));
    }
    Error cause;
    if (act(client->host->engine(), name, &cause) == Status::ok) return HOLYSHEEP_OK;
    return fail(error, cause);
  });
}

template <typename Make>
holysheep_status text_of(holysheep_client* client, holysheep_text** text, Make make) {
  return guarded(nullptr, [&]() -> holysheep_status {
    if (text == nullptr) return HOLYSHEEP_E_INVALID_ARGUMENT;
    *text = nullptr;
    if (const holysheep_status status = usable(client)) return status;
    return holysheep::make_text(make(*client->host), text);
  });
}

}  // namespace

holysheep_status holysheep_client_open(const char* config, size_t config_size,
                                       holysheep_client** client, holysheep_error* error) {
  return guarded(error, [&]() -> holysheep_status {
    if (client == nullptr) {
      return fail(error, Status::invalid_argument, "client: expected a place for it, not NULL");
    }
    *client = nullptr;
    std::string_view text;
    if (!read_view(config, config_size, &text)) {
      return fail(error, Status::invalid_argument, view_fault("config", config));
    }
    auto parsed = holysheep::parse_config(text, holysheep::read_environment());
    if (!parsed) return fail(error, parsed.error());
    auto fresh = std::make_unique<holysheep_client>();
    auto opened = holysheep::EngineHost::open(std::move(parsed).value());
    if (!opened) return fail(error, opened.error());
    fresh->host = std::move(opened.value().host);
    fresh->handle = opened.value().handle;
    fresh->pid = holysheep::process_id();
    *client = fresh.release();
    return HOLYSHEEP_OK;
  });
}

void holysheep_client_close(holysheep_client* client) {
  if (usable(client) != HOLYSHEEP_OK) return;
  guarded(nullptr, [&]() -> holysheep_status {
    if (!client->closed.exchange(true)) client->host->close(client->handle);
    return HOLYSHEEP_OK;
  });
}

holysheep_status holysheep_client_drain(holysheep_client* client, int64_t timeout_ms) {
  return guarded(nullptr, [&]() -> holysheep_status {
    if (const holysheep_status status = usable(client)) return status;
    client->draining = true;
    client->host->begin_drain();
    if (client->closed) return HOLYSHEEP_OK;
    try {
      client->host->engine().drain_handle(client->handle);
    } catch (const std::bad_alloc&) {
      client->draining = false;
      return HOLYSHEEP_E_NO_MEMORY;
    }
    const bool ended = client->host->wait_idle(client->handle, timeout_ms);
    if (!client->closed.exchange(true)) client->host->close(client->handle);
    if (ended) return HOLYSHEEP_OK;
    client->host->wait_idle(client->handle, -1);
    return HOLYSHEEP_E_WAIT;
  });
}

holysheep_status holysheep_client_join(holysheep_client* client, int64_t timeout_ms) {
  return guarded(nullptr, [&]() -> holysheep_status {
    if (const holysheep_status status = usable(client)) return status;
    if (!client->closed) return HOLYSHEEP_E_INVALID_ARGUMENT;
    return client->host->join(client->handle, timeout_ms) ? HOLYSHEEP_OK : HOLYSHEEP_E_WAIT;
  });
}

void holysheep_client_free(holysheep_client* client) {
  // In a child the object is left alone: its locks and threads are the parent's.
  if (usable(client) != HOLYSHEEP_OK) return;
  holysheep_client_close(client);
  delete client;
}

holysheep_status holysheep_client_set_key(holysheep_client* client, const char* endpoint,
                                          size_t endpoint_size, const char* key, size_t key_size,
                                          holysheep_error* error) {
  return on_endpoint(client, endpoint, endpoint_size, error,
                     [&](holysheep::Engine& engine, std::string_view name, Error* cause) {
                       std::string_view text;
                       if (!read_view(key, key_size, &text)) {
                         *cause = {Status::invalid_argument, view_fault("key", key)};
                         return cause->status;
                       }
                       const Status status = engine.set_key(name, text, cause);
                       if (status == Status::ok) client->host->stop_sharing();
                       return status;
                     });
}

holysheep_status holysheep_client_reset(holysheep_client* client, const char* endpoint,
                                        size_t endpoint_size, holysheep_error* error) {
  return on_endpoint(client, endpoint, endpoint_size, error,
                     [](holysheep::Engine& engine, std::string_view name, Error* cause) {
                       return engine.reset(name, cause);
                     });
}

holysheep_status holysheep_client_status(holysheep_client* client, holysheep_text** text) {
  return text_of(client, text, [](holysheep::EngineHost& host) {
    return holysheep::snapshot_json(*host.engine().snapshot(), host.now());
  });
}

holysheep_status holysheep_client_metrics(holysheep_client* client, holysheep_text** text) {
  return text_of(client, text, [](holysheep::EngineHost& host) {
    return holysheep::client_metrics(host.engine().monitor(), *host.engine().snapshot(),
                                     holysheep::ExpositionFormat::prometheus, host.now());
  });
}

holysheep_status holysheep_client_config(holysheep_client* client, holysheep_text** text) {
  return text_of(client, text, [](holysheep::EngineHost& host) {
    return holysheep::show_config(host.engine().config());
  });
}

holysheep_status holysheep_client_checks(holysheep_client* client, holysheep_text** text) {
  return text_of(client, text, [](holysheep::EngineHost& host) {
    return holysheep::connection_checks_json(host.engine().config());
  });
}

holysheep_status holysheep_client_log(holysheep_client* client, holysheep_queue* queue,
                                      int32_t level) {
  return guarded(nullptr, [&]() -> holysheep_status {
    if (const holysheep_status status = usable(client)) return status;
    if (queue == nullptr) {
      client->host->engine().log_to(client->handle, nullptr, 0);
      return HOLYSHEEP_OK;
    }
    if (const holysheep_status status = usable(queue)) return status;
    if (level < HOLYSHEEP_LOG_DEBUG || level > HOLYSHEEP_LOG_ERROR) {
      return HOLYSHEEP_E_INVALID_ARGUMENT;
    }
    if (client->closed) return HOLYSHEEP_E_CLOSED;
    client->host->engine().log_to(client->handle, queue->queue, level);
    return HOLYSHEEP_OK;
  });
}

holysheep_status holysheep_config_check(const char* config, size_t config_size,
                                        holysheep_text** text, holysheep_error* error) {
  return guarded(error, [&]() -> holysheep_status {
    if (text != nullptr) *text = nullptr;
    std::string_view given;
    if (!read_view(config, config_size, &given)) {
      return fail(error, Status::invalid_argument, view_fault("config", config));
    }
    const auto parsed = holysheep::parse_config(given, holysheep::read_environment());
    if (!parsed) return fail(error, parsed.error());
    if (text == nullptr) return HOLYSHEEP_OK;
    return holysheep::make_text(holysheep::show_config(*parsed.value()), text);
  });
}

holysheep_status holysheep_config_describe(const char* format, holysheep_text** text) {
  return guarded(nullptr, [&]() -> holysheep_status {
    if (format == nullptr || text == nullptr) return HOLYSHEEP_E_INVALID_ARGUMENT;
    *text = nullptr;
    const std::string_view name = format;
    if (name == "schema") return holysheep::make_text(holysheep::config_schema(), text);
    if (name == "metrics") return holysheep::make_text(holysheep::metrics_markdown(), text);
    if (name == "markdown") return holysheep::make_text(holysheep::config_markdown(), text);
    return HOLYSHEEP_E_INVALID_ARGUMENT;
  });
}

/* holysheep.h - HolySheep keeps calls to LLM APIs going.
 *
 * One client is a pool of endpoints and the engine that serves it. You submit a request; the engine
 * chooses an endpoint, sends it, notices every way in which a provider fails, waits, retries, moves
 * to a backup endpoint or a backup model, and hands you one final answer.
 *
 * The shortest use, blocking:
 *
 *     holysheep_client* client = NULL;
 *     holysheep_error error = HOLYSHEEP_ERROR_INIT;
 *     if (holysheep_client_open("{\"version\": 1, \"api_key\": {\"env\": \"HOLYSHEEP_API_KEY\"}}",
 *                               HOLYSHEEP_SIZE_NUL, &client, &error) != HOLYSHEEP_OK)
 *       fail(error.message);
 *
 *     holysheep_request request = HOLYSHEEP_REQUEST_INIT;
 *     request.body = "{\"model\": \"gpt-4.1\","
 *                    " \"messages\": [{\"role\": \"user\", \"content\": \"hi\"}]}";
 *     request.body_size = HOLYSHEEP_SIZE_NUL;
 *     holysheep_batch* batch = NULL;
 *     if (holysheep_call(client, &request, &batch, &error) == HOLYSHEEP_OK) {
 *       holysheep_event done = HOLYSHEEP_EVENT_INIT;
 *       holysheep_batch_event(batch, holysheep_batch_count(batch) - 1, &done);
 *       fwrite(done.data, 1, done.data_size, stdout);
 *     }
 *     holysheep_batch_free(batch);
 *     holysheep_client_free(client);
 *
 * Rules that hold for every function:
 *
 * - Status. Functions return a holysheep_status: HOLYSHEEP_OK (0) or a negative number. Numbers are
 *   never changed. Where a function takes a holysheep_error*, it may be NULL; else it is filled on
 *   failure and left alone on success. There is no thread-local or global last error.
 * - Strings. Every text is UTF-8, given as pointer and size in bytes; a size of HOLYSHEEP_SIZE_NUL
 *   means that the text ends with a NUL. What you pass in is copied before the function returns.
 *   What you get out belongs to the object that it came from and lives as long as that object.
 *   Texts that come out are followed by a NUL that is not counted in their size.
 * - Structs that cross the line start with struct_size, which the *_INIT macros set. Zero in any
 *   other field means "the default". Fields are only ever appended.
 * - Threads. Any function may be called from any thread, unless its comment says otherwise.
 *   No callback is ever made but the notify function of a queue.
 * - fork(). See holysheep_fork_prepare(). In a child every function but the close and free ones
 *   returns HOLYSHEEP_E_FORKED; open a new client there.
 * - Nothing here throws, aborts or exits. Out of memory is HOLYSHEEP_E_NO_MEMORY.
 * - Secrets. Configured keys, header values and query values, and keys given with a call, never
 *   appear in an error, a log record, a trace, a status or a metric; prompts and answers never do
 *   either, but for a provider's own words, which stand only in `provider_message` of a failed
 *   call's meta and in the body of its DONE: they may quote what was asked.
 */
#ifndef HOLYSHEEP_H
#define HOLYSHEEP_H

#include <stddef.h>
#include <stdint.h>

#if defined(_WIN32)
#define HOLYSHEEP_API __declspec(dllimport)
#else
#define HOLYSHEEP_API __attribute__((visibility("default")))
#endif

#ifdef __cplusplus
extern "C" {
#endif

/* A size that means: the text ends with a NUL. */
#define HOLYSHEEP_SIZE_NUL ((size_t)-1)

/* ---- Objects ------------------------------------------------------------------------------- */

/* A pool of endpoints and the engine (one thread) that serves it. */
typedef struct holysheep_client holysheep_client;
/* Completions on their way to one event loop (or one waiting thread). */
typedef struct holysheep_queue holysheep_queue;
/* What one drain returned: events, in the order in which they happened. */
typedef struct holysheep_batch holysheep_batch;
/* Counts requests by endpoint, raises alerts, judges health: alone, or as part of a client. */
typedef struct holysheep_monitor holysheep_monitor;
/* A text made for you: JSON, metrics. Free it with holysheep_text_free(). */
typedef struct holysheep_text holysheep_text;

/* A submitted request. Never 0, never reused within a process: a stale id is an error
 * (HOLYSHEEP_E_UNKNOWN_REQUEST), never somebody else's call. */
typedef uint64_t holysheep_request_id;

/* ---- Status -------------------------------------------------------------------------------- */

/* 0 or a negative number from the ranges below. */
typedef int32_t holysheep_status;

#define HOLYSHEEP_OK 0
/* -1 … -99: the call of the function itself */
#define HOLYSHEEP_E_INVALID_ARGUMENT (-1) /* NULL, a size that cannot be, struct_size too small */
#define HOLYSHEEP_E_NO_MEMORY (-2)
#define HOLYSHEEP_E_CLOSED (-3)          /* the client is closed or draining */
#define HOLYSHEEP_E_UNKNOWN_REQUEST (-4) /* no such request, or it is done */
#define HOLYSHEEP_E_FORKED (-5)          /* the object was made before fork() */
#define HOLYSHEEP_E_LIMIT (-6)    /* one of the client's own limits (calls, bytes) is reached */
#define HOLYSHEEP_E_WAIT (-7)     /* the wait ended before there was anything to return */
#define HOLYSHEEP_E_INTERNAL (-8) /* a defect of this library: please report the message */
/* -100 … -199: configuration and requests; nothing was sent */
#define HOLYSHEEP_E_CONFIG (-100)   /* message names the JSON path and what was expected */
#define HOLYSHEEP_E_NO_KEY (-101)   /* an endpoint needs a key and none is set */
#define HOLYSHEEP_E_REQUEST (-102)  /* the request: body, options, path, method */
#define HOLYSHEEP_E_NO_ROUTE (-103) /* `allow` or `models` leave nothing to send to */
#define HOLYSHEEP_E_BUDGET (-104)   /* the day's budget is spent and `budget.action` is "stop" */
/* -200 … -299: how a call ended, when no HTTP status describes it */
#define HOLYSHEEP_E_CONNECTION (-200)
#define HOLYSHEEP_E_TIMEOUT (-201)
#define HOLYSHEEP_E_STREAM_INTERRUPTED (-202) /* after content had been delivered */
#define HOLYSHEEP_E_CANCELLED (-203)
#define HOLYSHEEP_E_LOCAL (-204)    /* this process: descriptors, memory, no network */
#define HOLYSHEEP_E_RESPONSE (-205) /* an answer that is none: HTML, bad JSON, an empty body */
/* -300 … -399: how a call ended, by the HTTP status of its last cause */
#define HOLYSHEEP_E_BAD_REQUEST (-300)          /* 400, 413 */
#define HOLYSHEEP_E_AUTHENTICATION (-301)       /* 401 */
#define HOLYSHEEP_E_PERMISSION_DENIED (-303)    /* 403 */
#define HOLYSHEEP_E_NOT_FOUND (-304)            /* 404 */
#define HOLYSHEEP_E_CONFLICT (-309)             /* 409 */
#define HOLYSHEEP_E_UNPROCESSABLE_ENTITY (-322) /* 422 */
#define HOLYSHEEP_E_RATE_LIMIT (-329)           /* 429, and: all limited, nothing was sent */
#define HOLYSHEEP_E_INTERNAL_SERVER (-350)      /* 5xx */
#define HOLYSHEEP_E_API_STATUS (-399)           /* any other status */

/* The constant's name without its prefix, in lower case ("rate_limit"), or "unknown".
 * Threads: any. Memory: static. Since: 0.1 */
HOLYSHEEP_API const char* holysheep_status_name(holysheep_status status);

/* Bits of holysheep_error.flags and holysheep_event.flags. */
#define HOLYSHEEP_FLAG_ALL_ENDPOINTS_FAILED 1u /* every route was tried or ruled out */
#define HOLYSHEEP_FLAG_RETRYABLE 2u            /* the same call may succeed later */
#define HOLYSHEEP_FLAG_NOTHING_SENT 4u         /* no request left this process */
#define HOLYSHEEP_FLAG_MAYBE_BILLED 8u         /* an attempt was sent in full and not answered */

/* Detail of a failure, owned by the caller. */
typedef struct holysheep_error {
  uint32_t struct_size;    /* sizeof(holysheep_error) */
  holysheep_status status; /* what the function returned */
  int32_t http_status;     /* of the last cause; 0: none */
  uint32_t flags;          /* HOLYSHEEP_FLAG_* */
  int64_t retry_after_ms;  /* milliseconds until a retry may help; -1: not known */
  char message[1000];      /* UTF-8, NUL-terminated, cut at a character */
} holysheep_error;

#define HOLYSHEEP_ERROR_INIT {sizeof(holysheep_error), 0, 0, 0, -1, {0}}

/* ---- Client -------------------------------------------------------------------------------- */

/* Opens a client from its configuration: one JSON document with "version": 1, described key by key
 * in CONFIGURATION.md (`holysheep config schema` prints its JSON Schema). Unknown keys are errors
 * that name their path. An empty text (size 0) is {"version": 1}: the document's three endpoints
 * with the key from HOLYSHEEP_API_KEY. The environment is read here and never again.
 *
 * Opening an equal configuration again gives another handle on the same engine and pool, so that
 * cooldowns are shared, unless it says "isolated": true. Each handle is closed and freed by itself.
 * Errors: CONFIG, NO_KEY, NO_MEMORY, LOCAL (no thread, no descriptor).
 * Threads: any. Memory: free with holysheep_client_free(). Since: 0.1 */
HOLYSHEEP_API holysheep_status holysheep_client_open(const char* config, size_t config_size,
                                                     holysheep_client** client,
                                                     holysheep_error* error);

/* Cancels all calls of this handle; each still gets its DONE event. Does not block; may be called
 * again. Later submits return CLOSED.
 * Threads: any. Since: 0.1 */
HOLYSHEEP_API void holysheep_client_close(holysheep_client* client);

/* Refuses new calls (CLOSED); ends those that wait for capacity, with retry_after; lets running
 * ones finish for up to timeout_ms, then cancels them. Blocks until the last DONE is queued.
 * Returns OK, or WAIT if calls had to be cancelled.
 * Threads: any. Since: 0.1 */
HOLYSHEEP_API holysheep_status holysheep_client_drain(holysheep_client* client, int64_t timeout_ms);

/* Waits until the engine of a closed handle has let go of all its calls and, if this was the last
 * handle, until its thread has ended. Returns OK, WAIT (timeout_ms passed), or INVALID_ARGUMENT if
 * the handle is not closed.
 * Threads: any but one that is inside a notify function. Since: 0.1 */
HOLYSHEEP_API holysheep_status holysheep_client_join(holysheep_client* client, int64_t timeout_ms);

/* Closes and frees the handle. Never blocks; NULL is allowed; queues may be freed before or after.
 * Threads: any; nobody else may use the handle any more. Since: 0.1 */
HOLYSHEEP_API void holysheep_client_free(holysheep_client* client);

/* Sets the key of one endpoint, or of the client (endpoint_size 0) for all endpoints that share
 * it. Clears what a refused key had caused. Applies to attempts that start from now on, of every
 * handle that shares this engine; a client that is opened later with an equal configuration has the
 * configured key, and an engine of its own.
 * Errors: INVALID_ARGUMENT (no such endpoint, a key with control characters).
 * Threads: any. Since: 0.1 */
HOLYSHEEP_API holysheep_status holysheep_client_set_key(holysheep_client* client,
                                                        const char* endpoint, size_t endpoint_size,
                                                        const char* key, size_t key_size,
                                                        holysheep_error* error);

/* Makes an endpoint (endpoint_size 0: all of them) healthy now: ends cooldowns, closes breakers.
 * Threads: any. Since: 0.1 */
HOLYSHEEP_API holysheep_status holysheep_client_reset(holysheep_client* client,
                                                      const char* endpoint, size_t endpoint_size,
                                                      holysheep_error* error);

/* The pool as JSON: per endpoint `name`, `url`, `status` ("healthy", "degraded", "rate_limited",
 * "down"), `reason`, `until_unix_ms`, `last_error`, counters, `routes`; and the client's own
 * counts.
 * Never waits for the engine; never older than a completion that you have already drained.
 * Threads: any. Memory: free with holysheep_text_free(). Since: 0.1 */
HOLYSHEEP_API holysheep_status holysheep_client_status(holysheep_client* client,
                                                       holysheep_text** text);

/* Metrics in the Prometheus text format (METRICS.md): what the client's monitor has counted, the
 * endpoints' status, calls, tokens and cost.
 * Threads: any. Memory: free with holysheep_text_free(). Since: 0.1 */
HOLYSHEEP_API holysheep_status holysheep_client_metrics(holysheep_client* client,
                                                        holysheep_text** text);

/* The configuration in force, with defaults filled in and every secret replaced by "…".
 * Threads: any. Memory: free with holysheep_text_free(). Since: 0.1 */
HOLYSHEEP_API holysheep_status holysheep_client_config(holysheep_client* client,
                                                       holysheep_text** text);

/* The connection test: a JSON array with one small call for each endpoint: `endpoint`, and `body`,
 * `options`, `timeout_ms` for a holysheep_request. Each asks that endpoint alone, once: a broken
 * one cannot hide behind a healthy one. Sends nothing by itself.
 * Threads: any. Memory: free with holysheep_text_free(). Since: 0.1 */
HOLYSHEEP_API holysheep_status holysheep_client_checks(holysheep_client* client,
                                                       holysheep_text** text);

/* Sends log records of this client's engine, from `level` up, to the queue as LOG events, until
 * the client is closed; a NULL queue ends that. Each client has a queue and a level of its own,
 * also where several share an engine, whose records then go to all of them. Off by default. A queue
 * that nobody drains keeps the newest 1,024 records. HOLYSHEEP_LOG=debug|info|warning|error in the
 * environment writes records to standard error as well, one JSON object a line; what nobody reads
 * there is dropped and counted in a later line, and never holds a call up. Records never hold a
 * key, a prompt or an answer.
 * Errors: INVALID_ARGUMENT (level), CLOSED.
 * Threads: any. Since: 0.1 */
HOLYSHEEP_API holysheep_status holysheep_client_log(holysheep_client* client,
                                                    holysheep_queue* queue, int32_t level);

#define HOLYSHEEP_LOG_DEBUG 10
#define HOLYSHEEP_LOG_INFO 20
#define HOLYSHEEP_LOG_WARNING 30
#define HOLYSHEEP_LOG_ERROR 40

/* ---- Monitor ------------------------------------------------------------------------------- */

/* A monitor of your own, which counts what you record. `settings` (NULL: the standard) is a strict
 * JSON object: "alert_threshold" (429s of one endpoint that raise an alert; standard 5, 0: none)
 * and "window_ms" (health is judged by so many milliseconds back from now; standard 0: by the whole
 * life).
 * Errors: INVALID_ARGUMENT (settings; the message names the member), NO_MEMORY.
 * Threads: any. Memory: free with holysheep_monitor_free(). Since: 0.1 */
HOLYSHEEP_API holysheep_status holysheep_monitor_new(const char* settings, size_t settings_size,
                                                     holysheep_monitor** monitor,
                                                     holysheep_error* error);

/* The client's own monitor: each of its HTTP requests is recorded there, at no cost to speak of.
 * Health is judged by the last 5 minutes (`monitor.window_ms`), by failures as much as by 429s. It
 * stays readable after the client was freed.
 * Threads: any. Memory: free with holysheep_monitor_free(). Since: 0.1 */
HOLYSHEEP_API holysheep_status holysheep_client_monitor(holysheep_client* client,
                                                        holysheep_monitor** monitor);

/* Frees the handle; a client's monitor goes on. Never blocks; NULL is allowed.
 * Threads: any; nobody else may use the handle any more. Since: 0.1 */
HOLYSHEEP_API void holysheep_monitor_free(holysheep_monitor* monitor);

/* One HTTP request that has ended. */
typedef struct holysheep_record {
  uint32_t struct_size;  /* sizeof(holysheep_record) */
  int32_t success;       /* 1: it brought an answer; 0: not */
  int32_t status_code;   /* HTTP status; 0: none came. Without success 429 counts as rate limited,
                            anything else as failed */
  int32_t retry_count;   /* tries before this one that you wish to count; not negative */
  double latency_ms;     /* milliseconds; not negative */
  double first_token_ms; /* milliseconds until the first content of a stream; 0: no stream */
} holysheep_record;

#define HOLYSHEEP_RECORD_INIT {sizeof(holysheep_record), 0, 0, 0, 0.0, 0.0}

/* Counts a request to the endpoint, which appears with its first one. Beyond 1,000 names all are
 * counted as "other". A client's monitor takes none (INVALID_ARGUMENT): the engine records.
 * Errors: INVALID_ARGUMENT (an empty name, a number that cannot be; the message says which).
 * Threads: any. Since: 0.1 */
HOLYSHEEP_API holysheep_status holysheep_monitor_record(holysheep_monitor* monitor,
                                                        const char* endpoint, size_t endpoint_size,
                                                        const holysheep_record* record,
                                                        holysheep_error* error);

/* Changes settings, named as in holysheep_monitor_new(); the others stay as they are.
 * Errors: INVALID_ARGUMENT (nothing was changed).
 * Threads: any. Since: 0.1 */
HOLYSHEEP_API holysheep_status holysheep_monitor_set(holysheep_monitor* monitor,
                                                     const char* settings, size_t settings_size,
                                                     holysheep_error* error);

/* The settings in force, as JSON with the members of holysheep_monitor_new().
 * Threads: any. Memory: free with holysheep_text_free(). Since: 0.1 */
HOLYSHEEP_API holysheep_status holysheep_monitor_settings(holysheep_monitor* monitor,
                                                          holysheep_text** text);

/* Flat JSON object, for each endpoint (its name with `-` as `_`): "holysheep_NAME_total_requests",
 * "…_successful_requests", "…_rate_limited_requests", "…_failed_requests", "…_avg_latency_ms",
 * "…_total_retries", "…_rate_limit_rate" (percent).
 * Threads: any. Memory: free with holysheep_text_free(). Since: 0.1 */
HOLYSHEEP_API holysheep_status holysheep_monitor_summary(holysheep_monitor* monitor,
                                                         holysheep_text** text);

/* JSON array, an object for each endpoint: `endpoint_name`, `total_requests`,
 * `successful_requests`, `rate_limited_requests`, `failed_requests`, `total_retry_count`,
 * `total_latency_ms`, `last_rate_limited_at` (Unix seconds or null), `rate_limit_recovery_times`
 * (seconds, the last 64), `latency_ms` {p50, p90, p99}, `first_token_ms` (the same or null),
 * `health`, `rate_limit_rate`, `failure_rate` (percent), `recent` (60 counts of `slot_ms` each, the
 * oldest first: `total`, `rate_limited`, `failed`).
 * Threads: any. Memory: free with holysheep_text_free(). Since: 0.1 */
HOLYSHEEP_API holysheep_status holysheep_monitor_endpoints(holysheep_monitor* monitor,
                                                           holysheep_text** text);

/* The health report as JSON: `timestamp`, `overall_status`, `window_seconds` (null: the whole
 * life), `endpoints` with `name`, `status` ("healthy", "degraded" above 10 percent, "critical"
 * above 30), `total_requests`, `judged_requests`, `success_rate`, `rate_limit_rate`,
 * `failure_rate`, `avg_latency_ms`, `last_rate_limited_at`. A client's has also `ok`, `reason`,
 * `calls`, `calls_failed`.
 * Threads: any. Memory: free with holysheep_text_free(). Since: 0.1 */
HOLYSHEEP_API holysheep_status holysheep_monitor_health(holysheep_monitor* monitor,
                                                        holysheep_text** text);

/* JSON array of the last 100 alerts, the oldest first: `id`, `timestamp`, `severity` ("warning",
 * "critical"), `cause` ("rate_limit", "error_ratio", "all_limited", "budget", "key_refused",
 * "price_unknown", "delivery"), `endpoint` (or null), `message`, `active`, `resolved_at` (or null),
 * `recovery_time_seconds` (or null). One alert for each episode, not for each 429.
 * Threads: any. Memory: free with holysheep_text_free(). Since: 0.1 */
HOLYSHEEP_API holysheep_status holysheep_monitor_alerts(holysheep_monitor* monitor,
                                                        holysheep_text** text);

/* Sends each alert to the queue as an ALERT event, when it begins and again when it is over; a NULL
 * queue ends that, as freeing the handle does. Each handle has one queue, also where several are of
 * one client or share its engine. A queue that nobody drains keeps the newest 1,024.
 * Threads: any. Since: 0.1 */
HOLYSHEEP_API holysheep_status holysheep_monitor_alerts_to(holysheep_monitor* monitor,
                                                           holysheep_queue* queue);

typedef int32_t holysheep_metrics_format;
#define HOLYSHEEP_METRICS_PROMETHEUS 0  /* text format 0.0.4 */
#define HOLYSHEEP_METRICS_OPENMETRICS 1 /* OpenMetrics 1.0 */

/* Metrics as text (METRICS.md); a client's monitor gives all that holysheep_client_metrics() does.
 * Threads: any. Memory: free with holysheep_text_free(). Since: 0.1 */
HOLYSHEEP_API holysheep_status holysheep_monitor_metrics(holysheep_monitor* monitor,
                                                         holysheep_metrics_format format,
                                                         holysheep_text** text);

/* All that the monitor page shows of a client, as one JSON object: `pool` (as
 * holysheep_client_status()), `metrics` (as holysheep_monitor_endpoints()), `health`, `alerts`,
 * `costs` by model, tag and endpoint with the `budget`, the last `traces`, and `listen`, the
 * address of the monitor endpoint or "". Traces are kept once this was called, or while the monitor
 * endpoint listens. A monitor of your own has no such status (INVALID_ARGUMENT).
 * Threads: any. Memory: free with holysheep_text_free(). Since: 0.1 */
HOLYSHEEP_API holysheep_status holysheep_monitor_status(holysheep_monitor* monitor,
                                                        holysheep_text** text);

/* Asks a status page, as the document does after a 503; blocks up to timeout_ms (0: 5,000). `url`
 * NULL: the document's, https://status.holysheep.ai; a client's is `monitor.status_page_url` of
 * holysheep_client_config(). *text is JSON: `url`, `ok`, `http_status` (0: no answer), `indicator`
 * and `description` where the page tells them (else null), `took_ms`, `error` (or null). A page
 * that does not answer is no error: "ok" is false then.
 * Errors: INVALID_ARGUMENT (the URL), NO_MEMORY, LOCAL.
 * Threads: any. Memory: free with holysheep_text_free(). Since: 0.1 */
HOLYSHEEP_API holysheep_status holysheep_check_service(const char* url, size_t url_size,
                                                       int64_t timeout_ms, holysheep_text** text,
                                                       holysheep_error* error);

/* ---- Queue --------------------------------------------------------------------------------- */

/* One queue per event loop. Cheap: a descriptor is made only by holysheep_queue_fd().
 * Threads: any. Memory: free with holysheep_queue_free(). Since: 0.1 */
HOLYSHEEP_API holysheep_status holysheep_queue_new(holysheep_queue** queue);

/* Frees the queue; its undelivered events are dropped and its calls cancelled. Never blocks; NULL
 * is allowed. Closes the queue's descriptor. A notify function may still be running when it
 * returns: to free that function's context, call holysheep_queue_set_notify(queue, NULL, NULL)
 * first, which waits for it.
 * Threads: any; nobody may be draining it. Since: 0.1 */
HOLYSHEEP_API void holysheep_queue_free(holysheep_queue* queue);

/* A descriptor that is readable while the queue is not empty, for select, poll, epoll, asyncio.
 * Never read from it: only the drain that empties the queue clears it. The same one at each call.
 * Not available together with a notify function (INVALID_ARGUMENT), nor on Windows.
 * Threads: any. Memory: closed by holysheep_queue_free(). Since: 0.1 */
HOLYSHEEP_API holysheep_status holysheep_queue_fd(holysheep_queue* queue, int* fd);

/* Calls notify(context) each time the queue stops being empty, and once from here if it is not
 * empty now. It runs on an engine's thread (on several at once, if clients share the queue) and
 * must only wake your loop: no holysheep function may be called from it, it must not block. NULL
 * removes it and returns only when no notify is running. Threads: any. Since: 0.1 */
typedef void (*holysheep_notify)(void* context);
HOLYSHEEP_API holysheep_status holysheep_queue_set_notify(holysheep_queue* queue,
                                                          holysheep_notify notify, void* context);

/* Takes up to `max` events (0: all there are), waiting up to timeout_ms for the first
 * (0: not at all, -1: without limit). Returns OK with a batch that holds at least one event, or
 * WAIT with *batch NULL when there was none in time, or CLOSED after holysheep_queue_interrupt().
 * Threads: any, several at once. Memory: free with holysheep_batch_free(). Since: 0.1 */
HOLYSHEEP_API holysheep_status holysheep_queue_drain(holysheep_queue* queue, size_t max,
                                                     int64_t timeout_ms, holysheep_batch** batch);

/* Lets every drain that is waiting on the queue now return CLOSED; later drains work as before.
 * Threads: any. Since: 0.1 */
HOLYSHEEP_API void holysheep_queue_interrupt(holysheep_queue* queue);

/* ---- Batch --------------------------------------------------------------------------------- */

typedef int32_t holysheep_event_kind;
/* The answer has begun and is this route's: status and headers are known, and from here on the call
 * can only end or be interrupted. Only for streams. */
#define HOLYSHEEP_EVENT_HEADERS 1
/* A piece of a stream: one server-sent event (`name`: its type, `data`: its data), or raw bytes. */
#define HOLYSHEEP_EVENT_DATA 2
/* The stream starts again on another route: drop what you had (stream_recovery "restart"). */
#define HOLYSHEEP_EVENT_RESTARTED 3
/* The end, exactly once for each accepted request; nothing comes after it. `status` says how it
 * ended; `data` is the provider's body (of a stream that ended well: empty; of a call that failed:
 * that of the deciding answer, up to 64 KiB, without the keys that it may quote). */
#define HOLYSHEEP_EVENT_DONE 4
/* A log record: `status` is its level, `data` a JSON object. */
#define HOLYSHEEP_EVENT_LOG 5
/* An alert has begun or is over: `data` is the alert as in holysheep_monitor_alerts(), `name` its
 * cause. */
#define HOLYSHEEP_EVENT_ALERT 6

typedef struct holysheep_event {
  uint32_t struct_size; /* sizeof(holysheep_event) */
  holysheep_event_kind kind;
  holysheep_request_id request; /* 0 for LOG and ALERT */
  uint64_t user_data;           /* of the request */
  holysheep_status status;      /* DONE: how it ended; LOG: the level; else OK */
  int32_t http_status;          /* of the answer, or of the last cause; 0: none */
  uint32_t flags;               /* DONE: HOLYSHEEP_FLAG_* */
  int32_t attempts;             /* DONE: HTTP requests made */
  int64_t retry_after_ms;       /* DONE: milliseconds until a retry may help; -1: not known */
  const char* data;             /* see the kinds */
  size_t data_size;
  const char* name; /* DATA: the event's type ("" if none); DONE with an error: the message */
  size_t name_size;
} holysheep_event;

#define HOLYSHEEP_EVENT_INIT {sizeof(holysheep_event), 0, 0, 0, 0, 0, 0, 0, -1, NULL, 0, NULL, 0}

/* How many events the batch holds; 0 for NULL. Threads: one at a time. Since: 0.1 */
HOLYSHEEP_API size_t holysheep_batch_count(const holysheep_batch* batch);

/* Fills *event, as far as its struct_size reaches, with event number `index`, counted from 0.
 * Threads: one at a time. Memory: the views belong to the batch. Since: 0.1 */
HOLYSHEEP_API holysheep_status holysheep_batch_event(const holysheep_batch* batch, size_t index,
                                                     holysheep_event* event);

/* What stands beside the body of a DONE or HEADERS event, as one JSON object: `endpoint`, `model`
 * (asked), `model_served`, `http_status`, `headers`, `attempts`, `trace`, `waited_ms`, `took_ms`,
 * `usage`, `cost_nano_usd`, `maybe_billed`; for a failed call also `error` with `status`,
 * `verdict`, `message`, `code`, `type`, `param`, `request_id`, `retry_after_ms`, `service` (what
 * the provider's status page says, `monitor.check_service`; or null). Made when asked for. Threads:
 * one at a time. Memory: the view belongs to the batch. Since: 0.1 */
HOLYSHEEP_API holysheep_status holysheep_batch_meta(holysheep_batch* batch, size_t index,
                                                    const char** data, size_t* size);

/* Moves event number `index` into a batch of its own, where it is number 0, so that answers that
 * came in one drain can be kept and freed one by one. In `batch` the event keeps its numbers but
 * has no data, name and meta any more.
 * Threads: one at a time. Memory: free *taken with holysheep_batch_free(). Since: 0.1 */
HOLYSHEEP_API holysheep_status holysheep_batch_take(holysheep_batch* batch, size_t index,
                                                    holysheep_batch** taken);

/* Frees the batch and all views of it. NULL is allowed. Threads: any. Since: 0.1 */
HOLYSHEEP_API void holysheep_batch_free(holysheep_batch* batch);

/* ---- Text ---------------------------------------------------------------------------------- */

/* The text, NUL-terminated; "" for NULL. Memory: belongs to the text. Threads: any. Since: 0.1 */
HOLYSHEEP_API const char* holysheep_text_data(const holysheep_text* text);
/* Its size in bytes without the NUL. Threads: any. Since: 0.1 */
HOLYSHEEP_API size_t holysheep_text_size(const holysheep_text* text);
/* Frees it. NULL is allowed. Threads: any. Since: 0.1 */
HOLYSHEEP_API void holysheep_text_free(holysheep_text* text);

/* ---- Request ------------------------------------------------------------------------------- */

/* A server that answers a stream's request in one piece gives one DATA event; a chat completion is
 * then a chunk, whose choices have `delta` in the place of `message`. */
typedef int32_t holysheep_stream;
#define HOLYSHEEP_STREAM_NONE 0   /* one DONE with the whole body */
#define HOLYSHEEP_STREAM_EVENTS 1 /* a DATA event for each server-sent event */
#define HOLYSHEEP_STREAM_BYTES 2  /* DATA events with the bytes as they came (decompressed) */

typedef struct holysheep_request {
  uint32_t struct_size;    /* sizeof(holysheep_request) */
  holysheep_stream stream; /* how the answer is delivered. The body's "stream" member is yours */
  const char* method;      /* NULL: "POST" */
  size_t method_size;
  const char* path; /* below the base URL, may carry a query; NULL: "/chat/completions" */
  size_t path_size;
  const char* headers; /* "Name: value" lines, separated by \n; NULL: none. An Authorization here is
                          a credential of its own (SEMANTICS of keys: README) */
  size_t headers_size;
  const char* body; /* sent as it is but for what a route needs; NULL: none */
  size_t body_size;
  const char* content_type; /* NULL: "application/json" if there is a body */
  size_t content_type_size;
  int64_t timeout_ms;  /* the `total` limit in milliseconds; 0: the client's; -1: none */
  uint64_t user_data;  /* echoed in each event of this request */
  const char* options; /* per-call options, a strict JSON object (CONFIGURATION.md, "Options of a
                          call"); NULL: none */
  size_t options_size;
} holysheep_request;

/* clang-format off */
#define HOLYSHEEP_REQUEST_INIT                                                               \
  {sizeof(holysheep_request), 0, NULL, HOLYSHEEP_SIZE_NUL, NULL, HOLYSHEEP_SIZE_NUL, NULL,   \
   HOLYSHEEP_SIZE_NUL, NULL, HOLYSHEEP_SIZE_NUL, NULL, HOLYSHEEP_SIZE_NUL, 0, 0, NULL,       \
   HOLYSHEEP_SIZE_NUL}
/* clang-format on */

/* Checks the request, copies it, and hands it to the engine. The id is in *id before any event of
 * the request can be drained. On an error nothing was accepted and no event will come.
 * Errors: INVALID_ARGUMENT, REQUEST, NO_ROUTE, NO_KEY, LIMIT, CLOSED, NO_MEMORY.
 * Threads: any. Since: 0.1 */
HOLYSHEEP_API holysheep_status holysheep_submit(holysheep_client* client, holysheep_queue* queue,
                                                const holysheep_request* request,
                                                holysheep_request_id* id, holysheep_error* error);

/* Cancels a request: its DONE will say CANCELLED, unless it had ended before. Does not block.
 * Errors: UNKNOWN_REQUEST.
 * Threads: any. Since: 0.1 */
HOLYSHEEP_API holysheep_status holysheep_cancel(holysheep_client* client, holysheep_request_id id);

/* Gives back `bytes` of the stream's credit (`stream_credit_bytes` of the configuration), once your
 * reader has used the DATA events that brought them. A stream whose credit is used up is paused;
 * no other stream is. Never giving anything back stops a stream after its first credit.
 * Errors: UNKNOWN_REQUEST.
 * Threads: any. Since: 0.1 */
HOLYSHEEP_API holysheep_status holysheep_credit(holysheep_client* client, holysheep_request_id id,
                                                size_t bytes);

/* Submits and waits. On OK *batch holds the DONE event, and before it, for a stream, all DATA
 * (their credit is given back by itself). On any other status *batch may hold the same (for trace
 * and body) or be NULL. Interrupt it with holysheep_client_close() from another thread. Returns the
 * DONE's status, or what holysheep_submit() would return. Threads: any. Memory: free *batch with
 * holysheep_batch_free(). Since: 0.1 */
HOLYSHEEP_API holysheep_status holysheep_call(holysheep_client* client,
                                              const holysheep_request* request,
                                              holysheep_batch** batch, holysheep_error* error);

/* ---- Configuration ------------------------------------------------------------------------- */

/* Checks a configuration without opening a client; *text is its redacted, completed form.
 * Errors: as holysheep_client_open(); NO_KEY only if nothing else is wrong with it.
 * Threads: any. Memory: free with holysheep_text_free(). Since: 0.1 */
HOLYSHEEP_API holysheep_status holysheep_config_check(const char* config, size_t config_size,
                                                      holysheep_text** text,
                                                      holysheep_error* error);

/* The JSON Schema of the configuration (format "schema"), CONFIGURATION.md (format "markdown") or
 * METRICS.md (format "metrics").
 * Threads: any. Memory: free with holysheep_text_free(). Since: 0.1 */
HOLYSHEEP_API holysheep_status holysheep_config_describe(const char* format, holysheep_text** text);

/* ---- Simulation ---------------------------------------------------------------------------- */

/* Runs a simulation: the same engine in virtual time, against modelled providers (README,
 * "Simulator"). *text is the report, a JSON object. seed 0: the one in the scenario.
 * Errors: CONFIG (the scenario, with its path), INTERNAL (an invariant broke; the message names
 * the seed and the step).
 * Threads: any; runs on the caller's. Memory: free with holysheep_text_free(). Since: 0.1 */
HOLYSHEEP_API holysheep_status holysheep_simulate(const char* scenario, size_t scenario_size,
                                                  uint64_t seed, holysheep_text** text,
                                                  holysheep_error* error);

/* ---- Process ------------------------------------------------------------------------------- */

/* Call before fork(): parks every engine of this process between two turns (at most 1 s, then WAIT
 * is returned and forking is on your own risk). Call holysheep_fork_parent() after, in the parent;
 * the child needs no call. A child that never uses HolySheep nor TLS needs neither.
 * Threads: any. Since: 0.1 */
HOLYSHEEP_API holysheep_status holysheep_fork_prepare(void);
HOLYSHEEP_API void holysheep_fork_parent(void);

/* "0.1.0 libcurl/7.88.1 OpenSSL/3.0.19 nghttp2/1.52.0 simdjson/3.0.1", as running now.
 * Threads: any. Memory: static. Since: 0.1 */
HOLYSHEEP_API const char* holysheep_version(void);

#ifdef __cplusplus
}
#endif

#endif /* HOLYSHEEP_H */

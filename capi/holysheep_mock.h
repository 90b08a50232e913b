/* holysheep_mock.h - a scriptable fake provider, for testing your application against 429s, cuts
 * and stalls over real sockets. The rules of holysheep.h hold here too.
 *
 *     holysheep_mock* mock = NULL;
 *     holysheep_mock_open("{\"version\": 1, \"endpoints\": ["
 *                         "  {\"name\": \"primary\", \"replies\": [{\"status\": 429, "
 *                         "\"headers\": {\"Retry-After\": \"30\"}}]},"
 *                         "  {\"name\": \"backup-1\"}]}", HOLYSHEEP_SIZE_NUL, &mock, &error);
 *     holysheep_text* config = NULL;
 *     holysheep_mock_config(mock, &config);   // a client configuration that points at the mock
 *     holysheep_client_open(holysheep_text_data(config), HOLYSHEEP_SIZE_NUL, &client, &error);
 *
 * Scripts are described in MOCK.md.
 */
#ifndef HOLYSHEEP_MOCK_H
#define HOLYSHEEP_MOCK_H

#include "holysheep.h"

#ifdef __cplusplus
extern "C" {
#endif

/* A pool of fake endpoints on loopback addresses, served by one thread. */
typedef struct holysheep_mock holysheep_mock;

/* Starts the endpoints of a script (strict JSON, MOCK.md). An empty text is one healthy endpoint.
 * Errors: CONFIG (names the JSON path), LOCAL (no port, no descriptor), NO_MEMORY.
 * Threads: any. Memory: free with holysheep_mock_free(). Since: 0.1 */
HOLYSHEEP_API holysheep_status holysheep_mock_open(const char* script, size_t script_size,
                                                   holysheep_mock** mock, holysheep_error* error);

/* Closes all sockets, ends the thread, frees. NULL is allowed.
 * Threads: any; nobody else may use it any more. Blocks for at most one turn. Since: 0.1 */
HOLYSHEEP_API void holysheep_mock_free(holysheep_mock* mock);

/* A client configuration (JSON) with one endpoint for each of the mock's, in order, the key
 * "mock-key" shared among them, and the mock's CA file where it serves TLS.
 * Threads: any. Memory: free with holysheep_text_free(). Since: 0.1 */
HOLYSHEEP_API holysheep_status holysheep_mock_config(holysheep_mock* mock, holysheep_text** text);

/* What arrived so far, as a JSON array in the order of arrival: `endpoint`, `time_ms` (since open,
 * on the mock's clock), `method`, `path`, `headers`, `key` (the credential as it came), `model`,
 * `body`, `status` (what was answered; 0: nothing), `connection` (a number per accepted
 * connection). Threads: any. Memory: free with holysheep_text_free(). Since: 0.1 */
HOLYSHEEP_API holysheep_status holysheep_mock_requests(holysheep_mock* mock, holysheep_text** text);

/* How many requests an endpoint (endpoint_size 0: all) has received; -1: no such endpoint.
 * Threads: any. Since: 0.1 */
HOLYSHEEP_API int64_t holysheep_mock_count(holysheep_mock* mock, const char* endpoint,
                                           size_t endpoint_size);

/* Waits until an endpoint (endpoint_size 0: all together) has received `count` requests since open.
 * Returns OK, or WAIT after timeout_ms of real time. So tests need no sleep.
 * Threads: any. Since: 0.1 */
HOLYSHEEP_API holysheep_status holysheep_mock_await(holysheep_mock* mock, const char* endpoint,
                                                    size_t endpoint_size, int64_t count,
                                                    int64_t timeout_ms);

/* Replaces one endpoint's script (the value of one element of "endpoints", without its name).
 * Threads: any. Since: 0.1 */
HOLYSHEEP_API holysheep_status holysheep_mock_set(holysheep_mock* mock, const char* endpoint,
                                                  size_t endpoint_size, const char* script,
                                                  size_t script_size, holysheep_error* error);

/* Moves the clock of the client's engine, and that of every mock of this process, forward by `ms`
 * milliseconds, together: cooldowns of 60 s are tested over real sockets in milliseconds. Time
 * limits of running calls move too. Returns when the engine has made the turn.
 * Errors: INVALID_ARGUMENT (less than nothing, or more than a year at once).
 * Threads: any. Since: 0.1 */
HOLYSHEEP_API holysheep_status holysheep_mock_clock_advance(holysheep_client* client, int64_t ms);

#ifdef __cplusplus
}
#endif

#endif /* HOLYSHEEP_MOCK_H */

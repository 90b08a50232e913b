// Proxies: whose host it is, and which hosts need none.
#include "core/proxy.h"

#include <catch2/catch_test_macros.hpp>

using namespace holysheep;

TEST_CASE("the host of a proxy stands behind scheme and user, before port and path") {
  CHECK(proxy_host("http://Proxy.Example:3128/") == "proxy.example");
  CHECK(proxy_host("proxy:1") == "proxy");
  CHECK(proxy_host("socks5h://user:p@ss@[2001:DB8::1]:1080") == "[2001:db8::1]");
  CHECK(proxy_host("https://u:p@10.0.0.1") == "10.0.0.1");
}

TEST_CASE("no_proxy names hosts, domains, addresses and blocks, as libcurl reads it") {
  CHECK(passes_proxy_by("a.example", "*"));
  CHECK(passes_proxy_by("a.example", "a.example"));
  CHECK(passes_proxy_by("a.example", "b.example, .Example"));
  CHECK(passes_proxy_by("a.b.example", "x example."));
  CHECK(passes_proxy_by("10.1.2.3", "10.0.0.0/8"));
  CHECK(passes_proxy_by("10.1.2.3", "192.168.0.0/16,10.1.2.3"));
  CHECK(passes_proxy_by("172.16.5.1", "172.16.4.0/23"));
  CHECK(passes_proxy_by("[fd00::1]", "fd00::/8"));
  CHECK(passes_proxy_by("[fd00::1]", "fd00:0::1"));

  CHECK_FALSE(passes_proxy_by("a.example", ""));
  CHECK_FALSE(passes_proxy_by("a.example", "*,b"));
  CHECK_FALSE(passes_proxy_by("nota.example", "a.example"));
  CHECK_FALSE(passes_proxy_by("a.example", "b.a.example"));
  CHECK_FALSE(passes_proxy_by("11.1.2.3", "10.0.0.0/8"));
  CHECK_FALSE(passes_proxy_by("172.16.6.1", "172.16.4.0/23"));
  CHECK_FALSE(passes_proxy_by("10.1.2.3", "2.3"));
  CHECK_FALSE(passes_proxy_by("10.1.2.3", "10.0.0.0/x"));
  CHECK_FALSE(passes_proxy_by("10.1.2.3", "10.0.0.0/33"));
  CHECK_FALSE(passes_proxy_by("[fd00::1]", "10.0.0.0/8"));
}

TEST_CASE("proxy: what stands behind a question or a fragment is no host") {
  CHECK(holysheep::proxy_host("http://8.8.8.8:3128?@127.0.0.1") == "8.8.8.8");
  CHECK(holysheep::proxy_host("http://8.8.8.8:3128#@127.0.0.1:1") == "8.8.8.8");
}

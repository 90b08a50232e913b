#include "core/mock/mock_tls.h"

#include <openssl/asn1.h>
#include <openssl/bn.h>
#include <openssl/ec.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/rand.h>
#include <openssl/x509v3.h>
#include <unistd.h>

#include <cstdlib>
#include <filesystem>

namespace holysheep {
namespace {

// The certificate must hold while a pool lives, through moves of the clock as well; nobody trusts
// it after.
constexpr long kValidSeconds = 10L * 365 * 24 * 3600;
// A machine whose clock is behind still accepts it.
constexpr long kValidBeforeSeconds = 24 * 3600;

struct KeyFree {
  void operator()(EVP_PKEY* key) const { EVP_PKEY_free(key); }
};
struct CertificateFree {
  void operator()(X509* certificate) const { X509_free(certificate); }
};
using Key = std::unique_ptr<EVP_PKEY, KeyFree>;
using Certificate = std::unique_ptr<X509, CertificateFree>;

bool add_extension(X509* certificate, X509* issuer, int what, const char* value) {
  X509V3_CTX context;
  X509V3_set_ctx_nodb(&context);
  X509V3_set_ctx(&context, issuer, certificate, nullptr, nullptr, 0);
  X509_EXTENSION* const extension = X509V3_EXT_conf_nid(nullptr, &context, what, value);
  if (extension == nullptr) return false;
  const bool added = X509_add_ext(certificate, extension, -1) == 1;
  X509_EXTENSION_free(extension);
  return added;
}

bool set_serial(X509* certificate) {
  // 159 random bits: positive, and within the 20 bytes of RFC 5280.
  unsigned char bytes[20];
  if (RAND_bytes(bytes, sizeof bytes) != 1) return false;
  bytes[0] = static_cast<unsigned char>((bytes[0] & 0x3fU) | 0x40U);
  BIGNUM* const number = BN_bin2bn(bytes, sizeof bytes, nullptr);
  const bool set = number != nullptr &&
                   BN_to_ASN1_INTEGER(number, X509_get_serialNumber(certificate)) != nullptr;
  BN_free(number);
  return set;
}

// `issuer` null: it signs itself.
Certificate make_certificate(const char* name, EVP_PKEY* key, X509* issuer, EVP_PKEY* issuer_key) {
  Certificate made(X509_new());
  if (!made || X509_set_version(made.get(), 2) != 1 || !set_serial(made.get())) return nullptr;
  X509_gmtime_adj(X509_getm_notBefore(made.get()), -kValidBeforeSeconds);
  X509_gmtime_adj(X509_getm_notAfter(made.get()), kValidSeconds);
  X509_NAME* const subject = X509_get_subject_name(made.get());
  X509_NAME_add_entry_by_txt(subject, "CN", MBSTRING_UTF8,
                             reinterpret_cast<const unsigned char*>(name), -1, -1, 0);
  X509* const signer = issuer == nullptr ? made.get() : issuer;
  bool fine = X509_set_pubkey(made.get(), key) == 1 &&
              X509_set_issuer_name(made.get(), X509_get_subject_name(signer)) == 1;
  if (issuer == nullptr) {
    fine = fine && add_extension(made.get(), signer, NID_basic_constraints, "critical,CA:TRUE") &&
           add_extension(made.get(), signer, NID_key_usage, "critical,keyCertSign,cRLSign") &&
           add_extension(made.get(), signer, NID_subject_key_identifier, "hash");
  } else {
    fine = fine && add_extension(made.get(), signer, NID_basic_constraints, "critical,CA:FALSE") &&
           add_extension(made.get(), signer, NID_key_usage, "critical,digitalSignature") &&
           add_extension(made.get(), signer, NID_ext_key_usage, "serverAuth") &&
           add_extension(made.get(), signer, NID_subject_key_identifier, "hash") &&
           add_extension(made.get(), signer, NID_authority_key_identifier, "keyid") &&
           add_extension(made.get(), signer, NID_subject_alt_name,
                         "IP:127.0.0.1,IP:::1,DNS:localhost,DNS:*.localhost");
  }
  if (!fine || X509_sign(made.get(), issuer_key, EVP_sha256()) == 0) return nullptr;
  return made;
}

std::string pem_of(X509* certificate) {
  BIO* const memory = BIO_new(BIO_s_mem());
  if (memory == nullptr) return {};
  std::string text;
  if (PEM_write_bio_X509(memory, certificate) == 1) {
    char* data = nullptr;
    const long size = BIO_get_mem_data(memory, &data);
    text.assign(data, static_cast<std::size_t>(size));
  }
  BIO_free(memory);
  return text;
}

// A new file that only this user can read; "" if that fails.
std::string write_private_file(const std::string& text) {
  std::error_code ignored;
  std::filesystem::path folder = std::filesystem::temp_directory_path(ignored);
  if (folder.empty()) folder = "/tmp";
  std::string name = (folder / "holysheep-mock-ca-XXXXXX").string();
  const int descriptor = mkstemp(name.data());
  if (descriptor < 0) return {};
  const ssize_t written = write(descriptor, text.data(), text.size());
  close(descriptor);
  if (written == static_cast<ssize_t>(text.size())) return name;
  unlink(name.c_str());
  return {};
}

Error tls_error(const char* what) {
  ERR_clear_error();
  return {Status::local, std::string("mock: ") + what};
}

}  // namespace

Result<std::unique_ptr<MockTls>> MockTls::make() {
  OPENSSL_init_ssl(OPENSSL_INIT_NO_ATEXIT | OPENSSL_INIT_NO_LOAD_CONFIG, nullptr);
  const Key ca_key(EVP_EC_gen("P-256"));
  const Key key(EVP_EC_gen("P-256"));
  if (!ca_key || !key) return tls_error("cannot make a key");
  const Certificate ca = make_certificate("HolySheep mock CA", ca_key.get(), nullptr, ca_key.get());
  if (!ca) return tls_error("cannot make a certificate authority");
  const Certificate leaf = make_certificate("localhost", key.get(), ca.get(), ca_key.get());
  if (!leaf) return tls_error("cannot make a certificate");
  std::unique_ptr<MockTls> tls(new MockTls());
  tls->context_ = SSL_CTX_new(TLS_server_method());
  if (tls->context_ == nullptr || SSL_CTX_use_certificate(tls->context_, leaf.get()) != 1 ||
      SSL_CTX_use_PrivateKey(tls->context_, key.get()) != 1) {
    return tls_error("cannot set up TLS");
  }
  SSL_CTX_set_min_proto_version(tls->context_, TLS1_2_VERSION);
  SSL_CTX_set_mode(tls->context_, SSL_MODE_ENABLE_PARTIAL_WRITE |
                                      SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER |
                                      SSL_MODE_RELEASE_BUFFERS);
  tls->ca_file_ = write_private_file(pem_of(ca.get()));
  if (tls->ca_file_.empty()) return tls_error("cannot write the CA file");
  return tls;
}

MockTls::~MockTls() {
  SSL_CTX_free(context_);
  if (!ca_file_.empty()) unlink(ca_file_.c_str());
}

}  // namespace holysheep

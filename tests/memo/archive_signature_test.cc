#include "ireneo/memo/archive_signature.h"

#include <openssl/err.h>
#include <sys/stat.h>

#include <cstdlib>
#include <filesystem>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/escaping.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "tests/store/test_util.h"

namespace ireneo::internal {
namespace {

namespace fs = std::filesystem;

using ::ireneo::testing::FileBytes;
using ::ireneo::testing::IsOk;
using ::ireneo::testing::RandomBytes;
using ::ireneo::testing::StatusIs;
using ::ireneo::testing::TemporaryDirectory;
using ::ireneo::testing::WriteFileBytes;
using ::testing::AllOf;
using ::testing::HasSubstr;
using ::testing::Not;

constexpr auto kInvalid = absl::StatusCode::kInvalidArgument;
constexpr auto kDenied = absl::StatusCode::kPermissionDenied;

std::string Unhex(const char* hex) { return absl::HexStringToBytes(hex); }

std::string Pem(const std::string& label, const std::string& der) {
  const std::string base64 = absl::Base64Escape(der);
  std::string pem = "-----BEGIN " + label + "-----\n";
  for (std::size_t i = 0; i < base64.size(); i += 64) {
    pem += base64.substr(i, 64) + "\n";
  }
  return pem + "-----END " + label + "-----\n";
}

// RFC 8410: what precedes the raw bytes of an Ed25519 key.
std::string PrivateDer(const std::string& seed) {
  return Unhex("302e020100300506032b657004220420") + seed;
}
std::string PublicDer(const std::string& raw) {
  return Unhex("302a300506032b6570032100") + raw;
}
std::string PrivatePem(const std::string& seed) {
  return Pem("PRIVATE KEY", PrivateDer(seed));
}
std::string PublicPem(const std::string& raw) {
  return Pem("PUBLIC KEY", PublicDer(raw));
}

struct Vector {
  std::string seed;
  std::string public_key;
  std::string message;
  std::string signature;
};

// RFC 8032, 7.1, TEST 1 to 3.
std::vector<Vector> Vectors() {
  return {
      {.seed = Unhex("9d61b19deffd5a60ba844af492ec2cc4"
                     "4449c5697b326919703bac031cae7f60"),
       .public_key = Unhex("d75a980182b10ab7d54bfed3c964073a"
                           "0ee172f3daa62325af021a68f707511a"),
       .message = "",
       .signature = Unhex("e5564300c360ac729086e2cc806e828a"
                          "84877f1eb8e5d974d873e06522490155"
                          "5fb8821590a33bacc61e39701cf9b46b"
                          "d25bf5f0595bbe24655141438e7a100b")},
      {.seed = Unhex("4ccd089b28ff96da9db6c346ec114e0f"
                     "5b8a319f35aba624da8cf6ed4fb8a6fb"),
       .public_key = Unhex("3d4017c3e843895a92b70aa74d1b7ebc"
                           "9c982ccf2ec4968cc0cd55f12af4660c"),
       .message = Unhex("72"),
       .signature = Unhex("92a009a9f0d4cab8720e820b5f642540"
                          "a2b27b5416503f8fb3762223ebdb69da"
                          "085ac1e43e15996e458f3613d0f11d8c"
                          "387b2eaeb4302aeeb00d291612bb0c00")},
      {.seed = Unhex("c5aa8df43f9f837bedb7442f31dcb7b1"
                     "66d38535076f094b85ce3a2e0b4458f7"),
       .public_key = Unhex("fc51cd8e6218a1a38da47ed00230f058"
                           "0816ed13ba3303ac5deb911548908025"),
       .message = Unhex("af82"),
       .signature = Unhex("6291d657deec24024827e69c3abe01a3"
                          "0ce548a284743a445e3680d7db5ac3ac"
                          "18ff9b538d16f290ae67f760984dc659"
                          "4a7c15e9716ed28dc027beceea1ec40a")},
  };
}

class ArchiveSignatureTest : public ::testing::Test {
 protected:
  // A file with these bytes.
  fs::path File(const std::string& name, std::string_view bytes) {
    fs::create_directories((directory_.path() / name).parent_path());
    WriteFileBytes(directory_.path() / name, bytes);
    return directory_.path() / name;
  }

  absl::Status ReadPrivate(std::string_view bytes) {
    return SigningKey::Read(File("key.pem", bytes)).status();
  }

  absl::Status ReadPublic(std::string_view bytes) {
    File("trusted/key.pem", bytes);
    return TrustedKeys::Read(trusted()).status();
  }

  // Runs a command in the directory, with nothing to read.
  void Shell(const std::string& command) {
    const std::string line = "cd '" + path().string() + "' && { " + command +
                             "; } </dev/null >/dev/null 2>errors";
    ASSERT_EQ(std::system(line.c_str()), 0)
        << command << ": " << FileBytes(path() / "errors");
  }

  const fs::path& path() const { return directory_.path(); }
  fs::path trusted() const { return path() / "trusted"; }

 private:
  TemporaryDirectory directory_;
};

TEST_F(ArchiveSignatureTest, VectorsOfTheRfc) {
  for (const Vector& vector : Vectors()) {
    const absl::StatusOr<SigningKey> key =
        SigningKey::Read(File("key.pem", PrivatePem(vector.seed)));
    ASSERT_THAT(key, IsOk());
    EXPECT_EQ(key->public_key(), vector.public_key);
    EXPECT_EQ(key->Sign(vector.message).value_or(""), vector.signature);
    EXPECT_THAT(
        VerifySignature(vector.public_key, vector.message, vector.signature),
        IsOk());

    File("trusted/key.pub", PublicPem(vector.public_key));
    const absl::StatusOr<TrustedKeys> keys = TrustedKeys::Read(trusted());
    ASSERT_THAT(keys, IsOk());
    EXPECT_TRUE(keys->Trusts(vector.public_key));
  }
}

TEST_F(ArchiveSignatureTest, KeysOfTheOpensslCommand) {
  fs::create_directory(trusted());
  Shell("openssl genpkey -algorithm ed25519 -out key.pem");
  Shell("openssl pkey -in key.pem -pubout -out trusted/key.pub");
  const absl::StatusOr<SigningKey> key = SigningKey::Read(path() / "key.pem");
  ASSERT_THAT(key, IsOk());
  const absl::StatusOr<TrustedKeys> keys = TrustedKeys::Read(trusted());
  ASSERT_THAT(keys, IsOk());
  EXPECT_TRUE(keys->Trusts(key->public_key()));

  const std::string message = RandomBytes(1000, 1);
  const absl::StatusOr<std::string> signature = key->Sign(message);
  ASSERT_THAT(signature, IsOk());
  EXPECT_THAT(VerifySignature(key->public_key(), message, *signature), IsOk());

  // And it verifies what we sign.
  File("message", message);
  File("signature", *signature);
  Shell(
      "openssl pkeyutl -verify -pubin -inkey trusted/key.pub -rawin "
      "-in message -sigfile signature");
}

TEST_F(ArchiveSignatureTest, EveryFlippedBitIsDenied) {
  for (const Vector& vector : Vectors()) {
    for (std::string Vector::*const member :
         {&Vector::public_key, &Vector::message, &Vector::signature}) {
      for (std::size_t bit = 0; bit < 8 * (vector.*member).size(); ++bit) {
        Vector changed = vector;
        (changed.*member)[bit / 8] ^= static_cast<char>(1 << bit % 8);
        EXPECT_THAT(VerifySignature(changed.public_key, changed.message,
                                    changed.signature),
                    StatusIs(kDenied, HasSubstr("is not one by the key")))
            << bit;
      }
    }
  }
}

TEST_F(ArchiveSignatureTest, OtherMessagesKeysAndSizesAreDenied) {
  const std::vector<Vector> vectors = Vectors();
  const Vector& v = vectors[1];
  EXPECT_THAT(VerifySignature(v.public_key, "", v.signature),
              StatusIs(kDenied));
  EXPECT_THAT(VerifySignature(v.public_key, v.message + "r", v.signature),
              StatusIs(kDenied));
  EXPECT_THAT(
      VerifySignature(vectors[2].public_key, v.message, v.signature),
      StatusIs(kDenied, HasSubstr("/FHNjmIYoaONpH7QAjDwWAgW7RO6MwOsXeuRFUiQgC"
                                  "U=")));
  for (std::size_t size = 0; size < 80; ++size) {
    std::string key = v.public_key;
    key.resize(size);
    if (size != kPublicKeySize) {
      EXPECT_THAT(VerifySignature(key, v.message, v.signature),
                  StatusIs(kDenied, HasSubstr("expected 32 and 64")));
    }
    std::string signature = v.signature;
    signature.resize(size);
    if (size != kSignatureSize) {
      EXPECT_THAT(VerifySignature(v.public_key, v.message, signature),
                  StatusIs(kDenied, HasSubstr("expected 32 and 64")));
    }
  }
  EXPECT_THAT(VerifySignature({}, {}, {}), StatusIs(kDenied));
}

TEST_F(ArchiveSignatureTest, SigningKeyIsOneThatIsThere) {
  EXPECT_THAT(SigningKey::Read(path() / "none.pem"),
              StatusIs(absl::StatusCode::kNotFound,
                       AllOf(HasSubstr("none.pem does not exist"),
                             HasSubstr("`openssl genpkey"))));
  EXPECT_THAT(SigningKey::Read(path()),
              StatusIs(absl::StatusCode::kFailedPrecondition,
                       HasSubstr("is not a regular file")));
  // Must not wait for somebody to write.
  ASSERT_EQ(::mkfifo((path() / "pipe").c_str(), 0600), 0);
  EXPECT_THAT(SigningKey::Read(path() / "pipe"),
              StatusIs(absl::StatusCode::kFailedPrecondition));
}

TEST_F(ArchiveSignatureTest, SigningKeyRefusesAllElseWithASentence) {
  const Vector v = Vectors()[0];
  const auto refused = [&](const char* why) {
    return StatusIs(
        kInvalid, AllOf(HasSubstr((path() / "key.pem").string() +
                                  " is no Ed25519 private key: "),
                        HasSubstr(why),
                        HasSubstr("`openssl genpkey -algorithm ed25519 -out")));
  };
  EXPECT_THAT(ReadPrivate(""), refused("it has no PEM"));
  EXPECT_THAT(ReadPrivate(v.seed), refused("it has no PEM"));
  EXPECT_THAT(ReadPrivate(PrivateDer(v.seed)), refused("it has no PEM"));
  EXPECT_THAT(ReadPrivate(PublicPem(v.public_key)),
              refused("its PEM is labelled 'PUBLIC KEY'"));
  EXPECT_THAT(ReadPrivate(Pem("PRIVATE KEY", "")), refused(""));
  EXPECT_THAT(ReadPrivate(Pem("PRIVATE KEY", PublicDer(v.public_key))),
              refused("bytes that are no key"));
  EXPECT_THAT(ReadPrivate(Pem("PRIVATE KEY", PrivateDer(v.seed) + "x")),
              refused("bytes that are no key"));
  EXPECT_THAT(ReadPrivate(PrivatePem(v.seed.substr(1))),
              refused("bytes that are no key"));
  EXPECT_THAT(ReadPrivate(std::string(kMaxKeyFile, '\n') + PrivatePem(v.seed)),
              refused("it is longer than 65536 bytes"));
  EXPECT_THAT(ReadPrivate(PrivatePem(v.seed) + PrivatePem(v.seed)),
              StatusIs(kInvalid, AllOf(HasSubstr("2 keys or certificates"),
                                       HasSubstr("Leave one"))));
  // What people write around it is theirs.
  EXPECT_THAT(ReadPrivate("Of Alice\n\n" + PrivatePem(v.seed) + "\n\nthe end"),
              IsOk());
}

TEST_F(ArchiveSignatureTest, EveryTruncationOfASigningKeyIsRefused) {
  const std::string pem = PrivatePem(Vectors()[0].seed);
  for (std::size_t size = 0; size + 1 < pem.size(); ++size) {
    EXPECT_THAT(ReadPrivate(pem.substr(0, size)), StatusIs(kInvalid)) << size;
  }
}

TEST_F(ArchiveSignatureTest, KeysOfOtherKindsAreRefused) {
  fs::create_directory(trusted());
  for (const auto& [options, kind] :
       {std::pair("rsa -pkeyopt rsa_keygen_bits:2048", "RSA"),
        std::pair("x25519", "X25519"), std::pair("ed448", "ED448"),
        std::pair("ec -pkeyopt ec_paramgen_curve:P-256", "EC")}) {
    Shell(std::string("openssl genpkey -out key.pem -algorithm ") + options);
    EXPECT_THAT(SigningKey::Read(path() / "key.pem"),
                StatusIs(kInvalid, AllOf(HasSubstr("no Ed25519 private key"),
                                         HasSubstr(std::string("of the kind ") +
                                                   kind + "."))));
    Shell("openssl pkey -in key.pem -pubout -out trusted/key.pub");
    EXPECT_THAT(TrustedKeys::Read(trusted()),
                StatusIs(kInvalid, AllOf(HasSubstr("no Ed25519 public key"),
                                         HasSubstr(std::string("of the kind ") +
                                                   kind + "."))));
  }
}

TEST_F(ArchiveSignatureTest, EncryptedKeysAreRefusedWithoutAQuestion) {
  const auto refused = StatusIs(
      kInvalid, AllOf(HasSubstr("is encrypted, and no passphrase is asked for"),
                      HasSubstr("`openssl pkey -in KEY.pem -out PLAIN.pem`")));
  Shell(
      "openssl genpkey -algorithm ed25519 -aes256 -pass pass:secret "
      "-out key.pem");
  EXPECT_THAT(SigningKey::Read(path() / "key.pem"), refused);
  // The older form.
  Shell(
      "openssl genrsa -traditional -aes256 -passout pass:secret -out key.pem "
      "2048");
  EXPECT_THAT(SigningKey::Read(path() / "key.pem"), refused);
  // Under a wrong label.
  Shell(
      "openssl genpkey -algorithm ed25519 -aes256 -pass pass:secret | "
      "sed 's/ENCRYPTED //' >unlabelled.pem");
  EXPECT_THAT(SigningKey::Read(path() / "unlabelled.pem"),
              StatusIs(kInvalid, HasSubstr("bytes that are no key")));
}

TEST_F(ArchiveSignatureTest, TrustedKeysAreThoseOfAllPemAndPubFiles) {
  const std::vector<Vector> v = Vectors();
  File("trusted/a.pem", PublicPem(v[0].public_key));
  // Two in a file, one of them again.
  File("trusted/b.pub",
       "Alice:\n" + PublicPem(v[1].public_key) + PublicPem(v[0].public_key));
  File("trusted/c.key", PublicPem(v[2].public_key));
  File("trusted/README", "Ask Bob before you add a key.");
  File("trusted/._a.pem", "What a Mac leaves behind.");
  File("trusted/old/d.pem", PublicPem(v[2].public_key));
  const absl::StatusOr<TrustedKeys> keys = TrustedKeys::Read(trusted());
  ASSERT_THAT(keys, IsOk());
  EXPECT_TRUE(keys->Trusts(v[0].public_key));
  EXPECT_TRUE(keys->Trusts(v[1].public_key));
  EXPECT_FALSE(keys->Trusts(v[2].public_key));
  EXPECT_FALSE(keys->Trusts(""));
  EXPECT_FALSE(keys->Trusts(v[0].public_key.substr(1)));
  EXPECT_FALSE(keys->Trusts(v[0].public_key + "x"));
}

TEST_F(ArchiveSignatureTest, TrustIsInADirectoryWithKeys) {
  EXPECT_THAT(TrustedKeys::Read(trusted()),
              StatusIs(absl::StatusCode::kNotFound,
                       AllOf(HasSubstr(trusted().string() + " does not exist"),
                             HasSubstr("`openssl pkey -in KEY.pem -pubout"))));
  File("trusted/README", "");
  EXPECT_THAT(
      TrustedKeys::Read(trusted()),
      StatusIs(absl::StatusCode::kFailedPrecondition,
               AllOf(HasSubstr(trusted().string() + " has no file *.pem"),
                     HasSubstr("`openssl pkey -in KEY.pem -pubout"))));
  EXPECT_THAT(TrustedKeys::Read(trusted() / "README"),
              StatusIs(absl::StatusCode::kFailedPrecondition,
                       HasSubstr("README is no directory: give")));
}

TEST_F(ArchiveSignatureTest, OneWrongFileIsAnErrorOfTheTrustedKeys) {
  const Vector v = Vectors()[0];
  File("trusted/a.pem", PublicPem(v.public_key));
  ASSERT_THAT(TrustedKeys::Read(trusted()), IsOk());
  const auto refused = [&](const char* why) {
    return StatusIs(kInvalid,
                    AllOf(HasSubstr((trusted() / "key.pem").string() +
                                    " is no Ed25519 public key: "),
                          HasSubstr(why), HasSubstr("-pubout -out KEY.pub`")));
  };
  EXPECT_THAT(ReadPublic(""), refused("it has no PEM"));
  EXPECT_THAT(ReadPublic("ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAA alice\n"),
              refused("it has no PEM"));
  EXPECT_THAT(ReadPublic(Pem("CERTIFICATE", v.public_key)),
              refused("its PEM is labelled 'CERTIFICATE'"));
  EXPECT_THAT(ReadPublic(Pem("PUBLIC KEY", PublicDer(v.public_key) + "x")),
              refused("bytes that are no key"));
  EXPECT_THAT(ReadPublic(PublicPem(v.public_key.substr(1))),
              refused("bytes that are no key"));
  EXPECT_THAT(ReadPublic(PublicPem(v.public_key + "x")),
              refused("bytes that are no key"));
  EXPECT_THAT(
      ReadPublic(std::string(kMaxKeyFile, '\n') + PublicPem(v.public_key)),
      refused("it is longer than 65536 bytes"));
  std::string damaged = PublicPem(v.public_key);
  damaged.replace(damaged.find("END"), 3, "AND");
  EXPECT_THAT(ReadPublic(damaged), refused("its PEM is damaged"));
  EXPECT_THAT(ReadPublic(PublicPem(v.public_key) + damaged),
              refused("its PEM is damaged"));
  for (const char* label :
       {"PRIVATE KEY", "ENCRYPTED PRIVATE KEY", "OPENSSH PRIVATE KEY"}) {
    EXPECT_THAT(
        ReadPublic(PublicPem(v.public_key) + Pem(label, PrivateDer(v.seed))),
        refused("it has a private key, which only who signs should have. "
                "Take it away"));
  }
  fs::remove(trusted() / "key.pem");
  fs::create_symlink("nowhere", trusted() / "key.pem");
  EXPECT_THAT(TrustedKeys::Read(trusted()), refused("No such file"));
  fs::remove(trusted() / "key.pem");
  fs::create_directory(trusted() / "key.pem");
  EXPECT_THAT(TrustedKeys::Read(trusted()), refused("not a regular file"));
}

TEST_F(ArchiveSignatureTest, ErrorsOfOthersStayInTheQueueAndOursOut) {
  const Vector v = Vectors()[0];
  ERR_clear_error();
  const auto fail = [&] {
    EXPECT_THAT(ReadPrivate("x"), Not(IsOk()));
    EXPECT_THAT(ReadPrivate(PrivatePem("short")), Not(IsOk()));
    EXPECT_THAT(ReadPrivate(PrivatePem(v.seed)), IsOk());
    EXPECT_THAT(ReadPublic(PublicPem("short")), Not(IsOk()));
    EXPECT_THAT(VerifySignature(v.public_key, "x", v.signature), Not(IsOk()));
  };
  fail();
  EXPECT_EQ(ERR_peek_error(), 0u);
  ERR_raise(ERR_LIB_USER, 7);
  fail();
  EXPECT_EQ(ERR_GET_REASON(ERR_get_error()), 7);
  EXPECT_EQ(ERR_get_error(), 0u);
}

}  // namespace
}  // namespace ireneo::internal

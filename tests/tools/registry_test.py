"""Archives in a container registry: pushed and pulled by skopeo.

The registry is Debian's, started here, on a port of 127.0.0.1 that the kernel
chooses, with its files in the folder of the test. Nothing of the machine's or
the user's configuration is read, and all processes die with the test.
"""

import ctypes
import hashlib
import json
import os
import re
import signal
import shutil
import subprocess
import sys
import tarfile
import tempfile
import time

import cli_testing
from cli_testing import IRENEO

SHARING = os.path.abspath(sys.argv[3])

MANIFEST = "application/vnd.oci.image.manifest.v1+json"
LAYER = "application/vnd.ireneo.layer.v1.tar+zstd"
SIGNATURE = "application/vnd.ireneo.signature.v1+json"

PRCTL = ctypes.CDLL(None).prctl
TEST = os.getpid()


def die_with_the_test():
    set_parent_death_signal = 1
    PRCTL(set_parent_death_signal, signal.SIGKILL)
    if os.getppid() != TEST:  # It was over before.
        os._exit(1)


def write(path, text, mode=0o644):
    os.makedirs(os.path.dirname(path), exist_ok=True)
    with open(path, "w", encoding="utf-8") as file:
        file.write(text)
    os.chmod(path, mode)
    return path


def read(path):
    with open(path, encoding="utf-8") as file:
        return file.read()


class Archive:
    """The parts of an archive, by names as in "sha256:…"."""

    def __init__(self, path):
        self.parts = {}
        with tarfile.open(path) as tar:
            for member in tar:
                if not member.isfile():
                    continue
                data = tar.extractfile(member).read()
                if member.name == "index.json":
                    [descriptor] = json.loads(data)["manifests"]
                elif member.name.startswith("blobs/"):
                    self.parts[member.name[len("blobs/"):].replace("/",
                                                                   ":")] = data
        for name, data in self.parts.items():
            assert name == "sha256:" + hashlib.sha256(data).hexdigest(), name
        assert descriptor["mediaType"] == MANIFEST, descriptor
        self.digest = descriptor["digest"]
        self.manifest = json.loads(self.parts[self.digest])

    @property
    def layers(self):
        """The media type and the content of each."""
        return [(layer["mediaType"],
                 layer.get("annotations", {}).get("vnd.ireneo.content"))
                for layer in self.manifest["layers"]]


class RegistryTest(cli_testing.CliTest):

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        home = os.path.join(cls.folder, "home")
        config = write(
            os.path.join(home, "registry.yml"), f"""
version: 0.1
storage: {{filesystem: {{rootdirectory: {cls.folder}/registry}}}}
http: {{addr: "127.0.0.1:0"}}
""")
        cls.registry_log = log = os.path.join(home, "registry.log")
        with open(log, "wb") as file:
            registry = subprocess.Popen(
                ["/usr/bin/docker-registry", "serve", config],
                stdin=subprocess.DEVNULL, stdout=file,
                stderr=subprocess.STDOUT, env={}, cwd=home,
                preexec_fn=die_with_the_test)
        cls.addClassCleanup(registry.wait)
        cls.addClassCleanup(registry.kill)
        end = time.monotonic() + 10
        while not (found := re.search(r"listening on (127\.0\.0\.1:\d+)",
                                      read(log))):
            assert registry.poll() is None and time.monotonic() < end, \
                read(log)
            time.sleep(0.01)
        cls.host = found[1]
        # What skopeo would read from /etc and $HOME, and write to /var.
        tools = os.path.join(home, "bin")
        registries = write(
            os.path.join(home, "registries.conf"),
            f'[[registry]]\nlocation = "{cls.host}"\ninsecure = true\n')
        lookaside = os.path.join(home, "registries.d")
        os.mkdir(lookaside)
        write(
            os.path.join(tools, "skopeo"), f"""#!/bin/sh
exec /usr/bin/skopeo --insecure-policy --registries-conf='{registries}' \\
  --registries.d='{lookaside}' --tmpdir='{home}' "$@"
""", mode=0o755)
        os.symlink(IRENEO, os.path.join(tools, "ireneo"))
        cls.environment = {
            "PATH": tools + ":/usr/bin:/bin",
            "LC_ALL": "C.UTF-8",
            "HOME": home,
            "XDG_DATA_HOME": home,
            "XDG_RUNTIME_DIR": home,
            "REGISTRY_AUTH_FILE": write(os.path.join(home, "auth.json"), "{}"),
            # Else its cache is /var/lib/containers, if root runs it.
            "_CONTAINERS_ROOTLESS_UID": "1",
        }

    def setUp(self):
        self.home = tempfile.mkdtemp(dir=self.folder)
        # A repository that no other test has.
        self.remote = (f"docker://{self.host}/lab/"
                       f"{self.id().rpartition('.')[2]}")

    def path(self, name):
        return os.path.join(self.home, name)

    def run_command(self, *command):
        done = cli_testing.Done(
            command,
            subprocess.run(command, stdin=subprocess.DEVNULL,
                           stdout=subprocess.PIPE, stderr=subprocess.PIPE,
                           timeout=15, env=self.environment, cwd=self.home,
                           preexec_fn=die_with_the_test, check=False))
        self.log.append(done)
        self.assertEqual(done.status, 0, done)
        return done

    def skopeo(self, *arguments):
        path = os.path.join(self.environment["HOME"], "bin/skopeo")
        return self.run_command(path, *arguments)

    def push(self, name, tag):
        return self.skopeo("copy", "--dest-tls-verify=false",
                           "oci-archive:" + self.path(name),
                           f"{self.remote}:{tag}")

    def pull(self, tag, name):
        self.skopeo("copy", "--src-tls-verify=false", f"{self.remote}:{tag}",
                    "oci-archive:" + self.path(name))

    def export(self, name, *arguments):
        return self.ireneo("export", self.path(name), "--json",
                           *arguments).json

    def import_(self, *arguments):
        return self.ireneo("import", *arguments, "--json",
                           store=self.path("other")).json

    def results(self, store):
        """The digest of the result of each call, by its key."""
        calls = self.ireneo("--json", "calls", "--limit", "0",
                            store=store).json
        return {call["key"]: call["result"]["digest"] for call in calls}

    def assert_same_archive(self, sent, received):
        before, after = Archive(self.path(sent)), Archive(self.path(received))
        self.assertEqual(after.digest, before.digest)
        self.assertEqual(after.parts, before.parts)

    def uploads(self):
        """How many blobs of this test the registry has taken."""
        name = self.remote.rpartition("/")[2]
        return read(self.registry_log).count(
            f'"POST /v2/lab/{name}/blobs/uploads/')

    def key(self, name):
        """A private key, and a directory with the public one."""
        private, trusted = self.path(name + ".pem"), self.path(name)
        os.mkdir(trusted)
        self.run_command("/usr/bin/openssl", "genpkey", "-algorithm",
                         "ed25519", "-out", private)
        self.run_command("/usr/bin/openssl", "pkey", "-in", private, "-pubout",
                         "-out", os.path.join(trusted, name + ".pub"))
        return private, trusted

    def test_what_is_pulled_is_what_was_pushed(self):
        report = self.export("sent.tar")
        self.assertEqual(Archive(self.path("sent.tar")).layers,
                         [(LAYER, "calls"), (LAYER, "blobs")])
        self.push("sent.tar", "v1")
        self.pull("v1", "received.tar")
        self.assert_same_archive("sent.tar", "received.tar")

        done = self.import_(self.path("received.tar"))
        self.assertEqual(done["archives"][0]["digest"], report["digest"])
        self.assertEqual(done["total"], {
            "calls_added": report["calls"], "calls_known": 0,
            "calls_incomplete": 0, "conflicts": 0,
            "blobs_added": report["blobs"],
            "bytes_added": report["blob_bytes"]})
        ours = self.results(self.sample)
        self.assertEqual(len(ours), report["calls"])
        self.assertEqual(self.results(self.path("other")), ours)
        self.ireneo("verify", store=self.path("other"))
        again = self.import_(self.path("received.tar"))["total"]
        self.assertEqual(again["calls_known"], report["calls"])
        for name in ("calls_added", "blobs_added", "bytes_added"):
            self.assertEqual(again[name], 0)
        # It needs nothing of what skopeo wrote around the parts.
        self.ireneo("export", self.path("again.tar"),
                    store=self.path("other"))
        self.assert_same_archive("sent.tar", "again.tar")

    def test_a_signature_survives(self):
        private, trusted = self.key("ada")
        _, others = self.key("mallory")
        self.export("sent.tar", "--sign", private)
        self.assertEqual(Archive(self.path("sent.tar")).layers[-1],
                         (SIGNATURE, None))
        self.push("sent.tar", "signed")
        self.pull("signed", "received.tar")
        self.assert_same_archive("sent.tar", "received.tar")
        received = self.path("received.tar")
        self.assert_error(
            self.ireneo("import", received, "--trusted-keys", others,
                        store=self.path("other"), status=1), "not trusted")
        self.assertFalse(os.path.exists(self.path("other")))
        [one] = self.import_(received, "--trusted-keys", trusted)["archives"]
        self.assertRegex(one["signed_by"], "^[A-Za-z0-9+/]{43}=$")
        self.assertEqual(self.results(self.path("other")),
                         self.results(self.sample))

    def test_increments_are_tags(self):
        base = self.export("base.tar", "sample.Counting")
        more = self.export("more.tar", "--as-of", self.path("base.tar"))
        self.assertEqual(more["as_of"], [base["digest"]])
        for name in ("base", "more"):
            self.push(name + ".tar", name)
        tags = self.skopeo("list-tags", "--tls-verify=false",
                           self.remote).json["Tags"]
        self.assertEqual(sorted(tags), ["base", "more"])
        for name in ("base", "more"):
            self.pull(name, name + "-received.tar")
            self.assert_same_archive(name + ".tar", name + "-received.tar")
        done = self.import_(self.path("base-received.tar"),
                            self.path("more-received.tar"))
        self.assertEqual([a["calls_added"] for a in done["archives"]],
                         [base["calls"], more["calls"]])
        self.assertEqual(done["total"]["calls_incomplete"], 0)
        self.assertEqual(self.results(self.path("other")),
                         self.results(self.sample))

    def test_what_the_registry_has_is_not_sent_again(self):
        private, _ = self.key("ada")
        self.export("plain.tar")
        self.export("signed.tar", "--sign", private)
        self.push("plain.tar", "plain")
        self.assertEqual(self.uploads(), 3)  # Two layers and the config.
        self.push("signed.tar", "signed")
        self.assertEqual(self.uploads(), 4)  # And the signature.

    def test_what_the_documents_say(self):
        blocks = re.findall(r"^```sh\n(.*?)^```$", read(SHARING),
                            re.DOTALL | re.MULTILINE)
        self.assertEqual(len(blocks), 3)
        _, trusted = self.key("ada")
        os.rename(trusted, self.path("trusted"))
        shutil.copytree(self.sample, self.path("results"))
        for block in blocks:
            self.assertIn("docker://registry.example.org/lab/", block)
            self.run_command("/bin/bash", "-euo", "pipefail", "-c",
                             block.replace("registry.example.org", self.host))
        self.assertEqual(self.results(self.path("theirs")),
                         self.results(self.sample))
        # A digest is a name as well, and that of the archive.
        digest = Archive(self.path("november.tar")).digest
        self.skopeo("copy", f"docker://{self.host}/lab/results@{digest}",
                    "oci-archive:" + self.path("cited.tar"))
        self.assert_same_archive("november.tar", "cited.tar")


if __name__ == "__main__":
    cli_testing.main()

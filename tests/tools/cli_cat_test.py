"""ireneo cat"""

import os
import pty
import struct
import subprocess
import tempfile

import cli_testing
from cli_testing import blob_file, flip_byte


class CatTest(cli_testing.CliTest):

    def on_terminal(self, *arguments, status=0):
        """What `ireneo cat ARGUMENTS` shows on a terminal, and its errors."""
        try:
            leader, terminal = pty.openpty()
        except OSError as error:  # As in a chroot without /dev/pts.
            self.skipTest(f"there are no terminals here: {error}")
        try:
            done = self.ireneo("cat", *arguments, stdout=terminal,
                               status=status)
        finally:
            os.close(terminal)
        shown = b""
        try:
            while chunk := os.read(leader, 4096):
                shown += chunk
        except OSError:  # The end: nobody has the terminal open.
            pass
        os.close(leader)
        return shown, done

    def test_is_the_file_byte_for_byte(self):
        for call in self.calls("sample.Counting")[1:]:
            digest = call["result"]["digest"]
            path = blob_file(self.sample, digest)
            with tempfile.NamedTemporaryFile(dir=self.folder) as copy:
                self.ireneo("cat", digest, stdout=copy)
                subprocess.run(["cmp", path, copy.name], check=True)

    def test_a_key_stands_for_the_result(self):
        call = self.calls("sample.Counting")[1]
        self.assertEqual(self.ireneo("cat", call["key"]).stdout,
                         self.ireneo("cat", call["result"]["digest"]).stdout)

    def test_small_blobs(self):
        self.assertEqual(self.ireneo("cat", self.loose_blobs[0]).stdout,
                         b"\0\1\2\xff binary")
        self.assertEqual(self.ireneo("cat", self.loose_blobs[1][5:13]).stdout,
                         b"plain text\n")

    def test_small_arguments(self):
        [call] = self.calls("sample.Slow")
        [argument] = call["arguments"]
        for text in (argument["digest"], argument["digest"][5:17]):
            self.assertEqual(self.ireneo("cat", text).stdout,
                             struct.pack("<d", 0.02))
        # Of which there is no blob.
        path = blob_file(self.sample, argument["digest"])
        self.assertFalse(os.path.exists(path))

    def test_json_changes_nothing(self):
        self.assertEqual(
            self.ireneo("--json", "cat", self.loose_blobs[0]).stdout,
            b"\0\1\2\xff binary")

    def test_text_goes_to_a_terminal(self):
        shown, _ = self.on_terminal(self.loose_blobs[1])
        self.assertEqual(shown, b"plain text\r\n")

    def test_binary_does_not_go_to_a_terminal(self):
        shown, done = self.on_terminal(self.loose_blobs[0], status=1)
        self.assertEqual(shown, b"")
        self.assert_error(done, self.loose_blobs[0], "terminal", "--force")

    def test_unless_by_force(self):
        shown, _ = self.on_terminal(self.loose_blobs[0], "--force")
        self.assertEqual(shown, b"\0\1\2\xff binary")

    def test_damage(self):
        path = self.copy_of_sample()
        digest = self.calls("sample.Counting")[1]["result"]["digest"]
        flip_byte(blob_file(path, digest), 5000)
        done = self.ireneo("cat", digest, store=path, status=1)
        self.assertEqual(done.stdout, b"")
        self.assert_error(done, digest, "damaged")

    def test_a_full_disk_and_a_closed_pipe_with_much_to_write(self):
        digest = self.calls("sample.Counting")[2]["result"]["digest"]
        with open("/dev/full", "wb") as full:
            done = self.ireneo("cat", digest, stdout=full, status=1)
        self.assert_error(done, "No space left")
        read_end, write_end = os.pipe()
        os.close(read_end)
        with os.fdopen(write_end, "wb") as pipe:
            done = self.ireneo("cat", digest, stdout=pipe, status=1)
        self.assert_error(done, "Broken pipe")

    def test_nothing_starts_so(self):
        self.assert_error(self.ireneo("cat", "0" * 32, status=1),
                          "no call or blob")


if __name__ == "__main__":
    cli_testing.main()

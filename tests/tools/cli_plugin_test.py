"""ireneo --plugin"""

import os
import shutil
import sys

import cli_testing

PLUGIN = os.path.abspath(sys.argv[3])
ODD_PLUGIN = os.path.abspath(sys.argv[4])


class PluginTest(cli_testing.CliTest):

    def mesh(self):
        [call] = self.calls("sample.Mesh")
        return call["key"]

    def test_its_types_are_shown_and_written(self):
        for arguments in (("--plugin", PLUGIN, "show", self.mesh()),
                          ("show", self.mesh(), "--plugin", PLUGIN)):
            self.assertIn('value        {"mesh": "triangle!"}\n',
                          self.ireneo(*arguments).text)
        self.assertEqual(
            self.ireneo("get", self.mesh(), "--as", "json",
                        "--plugin", PLUGIN).json, {"mesh": "triangle!"})

    def test_lists_know_them_too(self):
        [call] = self.ireneo("--json", "--plugin", PLUGIN, "calls",
                             "sample.Mesh").json
        self.assertEqual(call["result"]["preview"], {"mesh": "triangle!"})

    def test_one_of_another_build_ends_the_program(self):
        done = self.ireneo("--plugin", ODD_PLUGIN, "stats", status=1)
        self.assertEqual(done.stdout, b"")
        self.assert_error(done, "ireneo: plugin " + ODD_PLUGIN,
                          "built with odd++ 99")

    def test_so_does_one_that_is_none(self):
        for name, part in ((self.folder, "it is not a file"),
                           (__file__, "not a shared object"),
                           ("/nowhere.so", "No such file")):
            self.assert_error(
                self.ireneo("--plugin", name, "stats", status=1), name, part)

    def test_and_a_second_one_with_the_same_types(self):
        other = os.path.join(self.folder, "libother.so")
        shutil.copy(PLUGIN, other)
        self.assert_error(
            self.ireneo("--plugin", PLUGIN, "stats", "--plugin", other,
                        status=1), PLUGIN, other, "sample.Mesh/1")


if __name__ == "__main__":
    cli_testing.main()

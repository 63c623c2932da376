"""How a command line is parsed: short help, and errors in one line."""

import argparse
import re
import shutil

from ch_sentiment.console.text import printable


class ShortHelp(argparse.HelpFormatter):
    """Lines of at most 100 characters, and --[no-]flag for a flag with an opposite."""

    def __init__(self, prog):
        super().__init__(prog, width=min(shutil.get_terminal_size().columns, 102) - 2)

    def _format_action_invocation(self, action):
        if isinstance(action, argparse.BooleanOptionalAction):
            return action.option_strings[0].replace("--", "--[no-]", 1)
        return super()._format_action_invocation(action)


class OneLineParser(argparse.ArgumentParser):
    """Reports an error in one line, without the usage before it. hint: added where an argument looks like an option."""

    hint = ""

    def __init__(self, *arguments, **named):
        super().__init__(*arguments, **named)
        self.color = False  # of Python 3.14: what is printed holds no escapes

    def error(self, message):
        if self.hint and re.match(r"unrecognized arguments: -|ambiguous option|.*ignored explicit argument", message):
            message += f"; {self.hint}"
        self.exit(2, f"{self.prog}: {printable(message)} (see {self.prog} --help)\n")
